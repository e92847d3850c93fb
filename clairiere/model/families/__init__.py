"""One short file per architecture, with its foreign weight names."""
