"""Reading a transformers `config.json`: what is missing or unsupported becomes an error that names it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clairiere.errors import ModelError
from clairiere.model.shape import RopeScaling, Shape


def size(config: Mapping[str, Any], name: str) -> int:
    """A positive whole number of the config.

    Raises:
        ModelError: it is missing, or not a positive whole number.
    """
    value = config.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ModelError(
            f"`{name}` is {value!r}" if name in config else f"`{name}` is missing",
            where="config.json",
            expected="a positive whole number",
            next_step="take config.json from where the weights come from",
        )
    return value


def optional_size(config: Mapping[str, Any], name: str) -> int | None:
    """A positive whole number, or None where it is null or missing."""
    return None if config.get(name) is None else size(config, name)


def require(config: Mapping[str, Any], name: str, *allowed: Any) -> None:
    """Refuse a value under which our layers would compute something else than transformers.

    Raises:
        ModelError: the value is not one of those allowed.
    """
    if config.get(name) not in allowed:
        raise ModelError(
            f"`{name}` = {config.get(name)!r} is not supported",
            where="config.json",
            expected=" or ".join(repr(value) for value in allowed),
            next_step="use a model that was trained so",
        )


def rope(config: Mapping[str, Any]) -> tuple[float, RopeScaling | None]:
    """The rotary base and scaling, from `rope_parameters` (transformers 5) or `rope_theta` and `rope_scaling`.

    Raises:
        ModelError: a scaling other than `linear` and `llama3`, or one that lacks a value.
    """
    table = dict(config.get("rope_parameters") or config.get("rope_scaling") or {})
    theta = float(table.get("rope_theta") or config.get("rope_theta") or 10_000.0)
    kind = table.get("rope_type", table.get("type", "default"))
    rotated_share = table.get("partial_rotary_factor", config.get("partial_rotary_factor"))
    require({"partial_rotary_factor": rotated_share}, "partial_rotary_factor", None, 1.0)
    if kind == "default":
        return theta, None
    if kind not in ("linear", "llama3"):
        raise ModelError(
            f"rope scaling `{kind}` is not supported",
            where="config.json",
            expected="`default`, `linear` or `llama3`",
            next_step="use a model with one of these",
        )
    try:
        names = ("factor",) if kind == "linear" else _LLAMA3_KEYS
        return theta, RopeScaling(kind=kind, **{name: table[name] for name in names})
    except KeyError as error:
        raise ModelError(
            f"rope scaling `{kind}` lacks {error}",
            where="config.json",
            expected="the values that transformers writes with it",
            next_step="take config.json from where the weights come from",
        ) from error


_LLAMA3_KEYS = ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")


def rope_to_config(shape: Shape) -> dict[str, Any]:
    """The rotary keys of a config: transformers 5's and, for older readers, transformers 4's."""
    scaling = shape.rope_scaling
    if scaling is None:
        return {
            "rope_theta": shape.rope_theta,
            "rope_parameters": {"rope_type": "default", "rope_theta": shape.rope_theta},
        }
    names = ("factor",) if scaling.kind == "linear" else _LLAMA3_KEYS
    table = {"rope_type": scaling.kind, **{name: getattr(scaling, name) for name in names}}
    return {
        "rope_theta": shape.rope_theta,
        "rope_scaling": table,
        "rope_parameters": {**table, "rope_theta": shape.rope_theta},
    }
