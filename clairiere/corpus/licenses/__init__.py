"""License expressions, their terms, and the gate that decides whether a source may reach the weights."""
