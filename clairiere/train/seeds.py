"""Seeds that follow from names and numbers. No torch."""

from __future__ import annotations

from clairiere.artifact import canonical_json, digest_text


def derived_seed(*parts: int | str) -> int:
    """A 63-bit seed that differs wherever a part differs: the leading bits of SHA-256."""
    return int(digest_text(canonical_json(parts))[:16], 16) >> 1
