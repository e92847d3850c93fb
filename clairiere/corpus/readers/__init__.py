"""One file per input format: `recognize(path)` and `read(path, source)` yielding documents."""
