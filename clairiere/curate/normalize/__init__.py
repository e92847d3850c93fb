"""Characters, white space, annotations and turns, brought to one form."""
