"""Text that evaluation items hold."""
