"""The class that every stage's options derive from: frozen, unknown keys refused, a docstring under each field."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Options(BaseModel):
    """A table of a recipe."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True, allow_inf_nan=False
    )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, defaults included: what enters a fingerprint."""
        return self.model_dump(mode="json")
