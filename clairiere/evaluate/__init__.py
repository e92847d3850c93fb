"""Checkpoint → report: bits per byte by source, samples, plots."""
