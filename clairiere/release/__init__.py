"""Checkpoint, report and manifests → something others can use, and check."""
