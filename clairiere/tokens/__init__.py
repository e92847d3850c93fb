"""Documents → shards: train or load a tokenizer, render dialogues, pack, weigh."""
