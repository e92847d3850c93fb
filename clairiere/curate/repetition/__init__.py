"""Passages that a document holds more than once."""
