"""Checkpoint → text: complete and chat."""
