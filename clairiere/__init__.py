"""Clairière: from text whose licenses are proven to a published language model whose claims can be checked."""

__version__ = "0.1.0"
