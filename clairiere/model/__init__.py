"""Numbers → logits: our decoder. It knows no text."""
