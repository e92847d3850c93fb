"""Which documents are bad text: what is measured, what was learned of clean text, and the rules."""
