"""Adapters put beside frozen projections, merged into them, and stored in the PEFT format.

Each part of a fused projection has its own adapter under its own PEFT name. Falcon's query_key_value is one module to
PEFT: any of the targets q, k and v adapts the whole of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from clairiere.artifact import write_json
from clairiere.errors import ModelError
from clairiere.model import sizes, tensor_files
from clairiere.model.layers import Decoder, Linear
from clairiere.model.lora import AdaptedLinear, Lora
from clairiere.model.names import reorder, restore
from clairiere.model.shape import Part, Projection, Shape

CONFIG = "adapter_config.json"
TENSORS = "adapter_model.safetensors"
PREFIX = "base_model.model."
LETTERS = ("A", "B")


@dataclass(frozen=True, eq=False)
class _Site:
    """A place where adapters may stand."""

    parent: nn.Module
    attribute: str
    projection: Projection
    their_prefix: str
    """What precedes a part's name in PEFT's."""

    @property
    def module(self) -> Linear:
        module: Linear = getattr(self.parent, self.attribute)
        return module

    def peft_name(self, part: Part, letter: str) -> str:
        return f"{PREFIX}{self.their_prefix}{part.name}.lora_{letter}.weight"


def _sites(decoder: Decoder) -> Iterator[_Site]:
    parts = sizes.architecture(decoder.shape)
    for index, block in enumerate(decoder.layers):
        for name, projection in parts.projections():
            parent, attribute = name.split(".")
            yield _Site(block.get_submodule(parent), attribute, projection, parts.layer.format(index) + ".")
    yield _Site(decoder, "head", _head_projection(decoder.shape, parts.head), "")


def _head_projection(shape: Shape, name: str) -> Projection:
    return Projection(parts=(Part(name, shape.vocabulary_size, ("head",)),), columns=shape.hidden_size)


def add_lora(decoder: Decoder, rank: int, alpha: float, dropout: float, targets: Iterable[str], seed: int) -> None:
    """Freeze a decoder and put fresh adapters beside its projections; its outputs stay as they are.

    Args:
        decoder: without adapters.
        rank: of the updates.
        alpha: the updates are scaled by alpha / rank.
        dropout: on what the adapters read, while training.
        targets: roles among q, k, v, output, mlp and head.
        seed: of the generator that fills A.

    Raises:
        ModelError: the decoder has adapters already.
    """
    _require_plain(decoder)
    wanted = set(targets)
    generator = torch.Generator().manual_seed(seed)
    _set_learning(decoder, learns=False)
    for site in list(_sites(decoder)):
        adapted = [part for part in site.projection.parts if wanted.intersection(part.roles)]
        if adapted:
            module = AdaptedLinear(site.module, site.projection, adapted, Lora(rank, alpha, dropout))
            bound = 1 / math.sqrt(module.in_features)
            fresh = torch.empty(module.lora_a.shape).uniform_(-bound, bound, generator=generator)
            module.lora_a.data.copy_(fresh)
            setattr(site.parent, site.attribute, module)


def _set_learning(decoder: Decoder, *, learns: bool) -> None:
    for parameter in decoder.parameters():
        parameter.requires_grad = learns


def _require_plain(decoder: Decoder) -> None:
    if any(isinstance(module, AdaptedLinear) for module in decoder.modules()):
        raise ModelError(
            "the decoder has adapters already",
            expected="a plain decoder",
            next_step="merge them first",
        )


@torch.no_grad()
def merge_lora(decoder: Decoder) -> None:
    """Add the adapters to the weights, in float32, and take them away; every weight learns again.

    A tied head that had an adapter becomes a matrix of its own.
    """
    for site in list(_sites(decoder)):
        module = site.module
        if isinstance(module, AdaptedLinear):
            with torch.device("meta"):
                plain = Linear(module.in_features, module.out_features, bias=module.bias is not None)
            plain.weight, plain.bias = nn.Parameter(module.merged_weight()), module.bias
            setattr(site.parent, site.attribute, plain)
    if decoder.head.weight is not decoder.embedding.weight:
        decoder.shape = replace(decoder.shape, tie_word_embeddings=False)
    _set_learning(decoder, learns=True)


def save_adapter(decoder: Decoder, folder: Path, base_name: str) -> None:
    """Write the adapters in the PEFT format.

    Args:
        decoder: with adapters.
        folder: made if it is missing.
        base_name: the folder or Hub id of the model they were trained on, as PEFT will look it up.

    Raises:
        ModelError: the decoder has no adapters.
    """
    tensors: dict[str, Tensor] = {}
    names: set[str] = set()
    lora = None
    for site in _sites(decoder):
        if isinstance(site.module, AdaptedLinear):
            lora = site.module.lora
            tensors |= _peft_tensors(site, site.module)
            names |= {part.name.rpartition(".")[2] for part in site.module.adapted}
    if lora is None:
        raise ModelError(
            "a decoder without adapters has none to save",
            expected="a decoder that add_lora or load_adapter prepared",
            next_step="save the whole model instead",
        )
    folder.mkdir(parents=True, exist_ok=True)
    tensor_files.write_file(folder / TENSORS, tensors)
    write_json(folder / CONFIG, _peft_config(lora, sorted(names), base_name))


def _peft_tensors(site: _Site, module: AdaptedLinear) -> dict[str, Tensor]:
    tensors = {}
    pairs = zip(torch.split(module.lora_a, module.lora.rank), module.rows_of(module.lora_b), strict=True)
    for part, (a, b) in zip(module.adapted, pairs, strict=True):
        tensors[site.peft_name(part, "A")] = a.detach().cpu()
        tensors[site.peft_name(part, "B")] = restore(b.detach().cpu(), site.projection.row_blocks)
    return tensors


def _peft_config(lora: Lora, names: list[str], base_name: str) -> dict[str, Any]:
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base_name,
        "inference_mode": True,
        "r": lora.rank,
        "lora_alpha": int(lora.alpha) if float(lora.alpha).is_integer() else lora.alpha,
        "lora_dropout": lora.dropout,
        "target_modules": names,
        "bias": "none",
        "fan_in_fan_out": False,
        "use_rslora": False,
        "use_dora": False,
        "modules_to_save": None,
        "rank_pattern": {},
        "alpha_pattern": {},
    }


def load_adapter(decoder: Decoder, folder: Path) -> None:
    """Freeze a decoder and put the adapters of a PEFT folder beside its projections.

    Raises:
        ModelError: the decoder has adapters already, or the folder holds none that fit, or of a kind that we do not
            compute (DoRA, rank-stabilized scaling, patterns, trained biases).
    """
    _require_plain(decoder)
    lora = _read_config(folder)
    files = tensor_files.in_file(_tensor_file(folder))
    adapted = {site: _stored_parts(site, files.names) for site in _sites(decoder)}
    fitting = {site.peft_name(part, letter) for site, parts in adapted.items() for part in parts for letter in LETTERS}
    strays = sorted(files.names ^ fitting)
    if strays or not fitting:
        listed = ", ".join(f"`{name}`" for name in strays[:5]) or "it holds none"
        raise ModelError(
            f"adapter tensors that do not fit the model: {listed}",
            where=folder,
            expected="lora_A and lora_B of this model's projections, and nothing else",
            next_step="take the base it was trained on; PEFT must have saved it with save_embedding_layers=False",
        )
    _set_learning(decoder, learns=False)
    for site, parts in adapted.items():
        if parts:
            _attach(site, parts, files, lora)


def _stored_parts(site: _Site, names: frozenset[str]) -> list[Part]:
    return [part for part in site.projection.parts if any(site.peft_name(part, letter) in names for letter in LETTERS)]


@torch.no_grad()
def _attach(site: _Site, parts: list[Part], files: tensor_files.TensorFiles, lora: Lora) -> None:
    module = AdaptedLinear(site.module, site.projection, parts, lora)
    columns = site.projection.columns
    a = [files.read(site.peft_name(part, "A"), (lora.rank, columns)) for part in parts]
    b = [files.read(site.peft_name(part, "B"), (part.rows, lora.rank)) for part in parts]
    module.lora_a.copy_(torch.cat(a))
    module.lora_b.copy_(torch.cat([reorder(rows, site.projection.row_blocks) for rows in b]))
    setattr(site.parent, site.attribute, module)


def _tensor_file(folder: Path) -> Path:
    if not (folder / TENSORS).is_file():
        raise ModelError(
            f"no {TENSORS}",
            where=folder,
            expected="an adapter in safetensors; a pickled adapter_model.bin is refused, it can run any code",
            next_step="save the adapter again with safetensors",
        )
    return folder / TENSORS


_UNSUPPORTED = ("use_rslora", "use_dora", "rank_pattern", "alpha_pattern", "modules_to_save", "fan_in_fan_out")


def _read_config(folder: Path) -> Lora:
    config = tensor_files.read_json(folder / CONFIG)
    odd = [name for name in _UNSUPPORTED if config.get(name)]
    odd += ["bias"] if config.get("bias", "none") != "none" else []
    if config.get("peft_type") != "LORA" or odd:
        raise ModelError(
            f"an adapter of a kind that is not supported: peft_type {config.get('peft_type')!r}"
            + (f" with {', '.join(odd)}" if odd else ""),
            where=folder / CONFIG,
            expected="plain LoRA: one rank and alpha for all projections, no bias, nothing else saved",
            next_step="train the adapter so, or merge it into its base with peft",
        )
    return Lora(_number(folder, config, "r", int), _number(folder, config, "lora_alpha", float), _dropout(config))


def _number(folder: Path, config: dict[str, Any], name: str, kind: type[Any]) -> Any:
    value = config.get(name)
    if not isinstance(value, (int, float)) or value <= 0:
        raise ModelError(
            f"`{name}` is {value!r}",
            where=folder / CONFIG,
            expected="a positive number",
            next_step="take adapter_config.json from where the adapter comes from",
        )
    return kind(value)


def _dropout(config: dict[str, Any]) -> float:
    return float(config.get("lora_dropout") or 0.0)
