"""Sizes that the tests of training share."""

from clairiere.model.options import ModelOptions

SEQUENCE_LENGTH = 32
MODEL = ModelOptions(hidden_size=32, num_hidden_layers=2, num_attention_heads=2)
