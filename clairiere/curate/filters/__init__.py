"""One file per filter: `judge(document, options)` returning a verdict."""
