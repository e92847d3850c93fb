"""Documents → documents: normalize, filter, drop duplicates, split."""
