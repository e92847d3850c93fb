"""Shards → checkpoints: one loop for every method."""
