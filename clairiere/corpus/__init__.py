"""Sources → documents: read, prove the license, keep the locator."""
