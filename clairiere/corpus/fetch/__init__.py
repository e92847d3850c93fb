"""What source cards name, brought to where their `path` leads."""
