"""Which documents are copies of which."""
