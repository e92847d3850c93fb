"""Model folders, in and out: safetensors and config.json as transformers reads and writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from clairiere.artifact import write_json
from clairiere.errors import ModelError
from clairiere.model import sizes, tensor_files
from clairiere.model.layers import Decoder, Linear
from clairiere.model.names import Stored, stored_tensors

SHARD_BYTES = 5_000_000_000
IGNORED_SUFFIX = "rotary_emb.inv_freq"
"""Computed from the config; old checkpoints store it."""


def load(folder: Path, dtype: torch.dtype = torch.float32) -> Decoder:
    """The decoder of a model folder; no code of the folder is ever run.

    Args:
        folder: with config.json and safetensors.
        dtype: of the weights in memory, whatever it is on disk.

    Raises:
        ModelError: no config.json, another family, pickled weights, or tensors that are missing, unexpected, of
            another size or damaged.
    """
    config = tensor_files.read_json(folder / "config.json")
    files = tensor_files.in_folder(folder)
    shape = sizes.shape_from_config(config)
    stored = list(stored_tensors(shape))
    _check_names(
        folder, {name for entry in stored for name in entry.theirs}, files.names, sizes.architecture(shape).head
    )
    with torch.device("meta"):
        decoder = Decoder(shape)
    state = {entry.ours: nn.Parameter(_read(entry, files, dtype)) for entry in stored}
    if shape.tie_word_embeddings:
        state["head.weight"] = state["embedding.weight"]
    decoder.load_state_dict(state, assign=True)
    return decoder


def _check_names(folder: Path, expected: set[str], found: frozenset[str], head: str) -> None:
    missing = sorted(expected - found)
    redundant = {f"{head}.weight"}
    unexpected = sorted(name for name in found - expected - redundant if not name.endswith(IGNORED_SUFFIX))
    if missing or unexpected:
        raise ModelError(
            f"weights that do not fit config.json: {_listed('missing', missing, unexpected)}",
            where=folder,
            expected="exactly the tensors of that architecture, by transformers' names",
            next_step="take config.json and weights of the same model; a classifier or an adapter is none",
        )


def _listed(first: str, missing: list[str], unexpected: list[str]) -> str:
    parts = []
    for title, names in ((first, missing), ("unexpected", unexpected)):
        if names:
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            parts.append(f"{title} {', '.join(f'`{name}`' for name in names[:5])}{more}")
    return "; ".join(parts)


def _read(entry: Stored, files: tensor_files.TensorFiles, dtype: torch.dtype) -> Tensor:
    return entry.join([files.read(name, size).to(dtype) for name, size in entry.theirs.items()])


def save(
    decoder: Decoder,
    folder: Path,
    dtype: torch.dtype = torch.bfloat16,
    shard_bytes: int = SHARD_BYTES,
    *,
    bos_id: int | None = None,
    eos_id: int | None = None,
    pad_id: int | None = None,
) -> None:
    """Write a folder that transformers loads: safetensors, config.json and generation_config.json.

    The bytes depend on the weights and the arguments alone. A tied head is not written twice.

    Args:
        decoder: without adapters; merge them first.
        folder: made if it is missing.
        dtype: of the weights on disk.
        shard_bytes: no file of weights is larger.
        bos_id: begin of a text, for generation.
        eos_id: end of a text.
        pad_id: padding.

    Raises:
        ModelError: the decoder carries adapters.
    """
    if any(type(module) is not Linear for module in decoder.modules() if isinstance(module, Linear)):
        raise ModelError(
            "a decoder with adapters attached cannot be saved as a whole model",
            expected="plain projections",
            next_step="merge the adapters first, or save them on their own",
        )
    folder.mkdir(parents=True, exist_ok=True)
    entries = list(stored_tensors(decoder.shape))
    parameters = dict(decoder.named_parameters())
    sizes_in_bytes = {
        name: torch.Size(size).numel() * dtype.itemsize for entry in entries for name, size in entry.theirs.items()
    }
    groups = (entry.split(parameters[entry.ours].detach().to("cpu", dtype)) for entry in entries)
    tensor_files.write_folder(folder, sizes_in_bytes, groups, shard_bytes)
    config = sizes.config_from_shape(decoder.shape, bos_id=bos_id, eos_id=eos_id, pad_id=pad_id)
    write_json(folder / "config.json", {**config, "dtype": str(dtype).removeprefix("torch.")})
    write_json(folder / "generation_config.json", _generation_config(bos_id, eos_id, pad_id))


def _generation_config(bos_id: int | None, eos_id: int | None, pad_id: int | None) -> dict[str, Any]:
    ids = {"bos_token_id": bos_id, "eos_token_id": eos_id, "pad_token_id": pad_id}
    return {"do_sample": True, **{name: value for name, value in ids.items() if value is not None}}
