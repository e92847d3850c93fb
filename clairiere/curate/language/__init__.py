"""Which language documents and turns are in."""
