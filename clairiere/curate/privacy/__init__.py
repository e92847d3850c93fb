"""Personal data: found by form and check digits, then kept, deleted, masked or replaced."""
