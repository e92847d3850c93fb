"""How large a decoder is, from its options or its config: parameters, floating-point operations, memory. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from clairiere import plugins
from clairiere.errors import ModelError, RecipeError
from clairiere.model import families
from clairiere.model.options import ModelOptions
from clairiere.model.shape import Architecture, Shape

__all__ = [
    "Architecture",
    "Shape",
    "architecture",
    "config_from_shape",
    "flops_per_token",
    "lora_parameters",
    "parameters",
    "shape_from_config",
    "shape_from_options",
    "training_memory_bytes",
]


def family(name: str) -> ModuleType:
    """The module of a family, by its file's name.

    Raises:
        UnknownNameError: there is no such family.
    """
    return plugins.load(families.__name__, name, "model family")


def shape_from_options(options: ModelOptions, vocabulary_size: int, sequence_length: int) -> Shape:
    """The shape that a recipe's `[model]` table describes.

    Args:
        options: the table; its own `vocab_size` wins over the tokenizer's.
        vocabulary_size: the tokenizer's size, in tokens.
        sequence_length: tokens in a row; the longest context unless the table gives one.

    Raises:
        RecipeError: sizes that do not fit each other or the tokenizer.
    """
    vocabulary = options.vocab_size or vocabulary_size
    if vocabulary < vocabulary_size:
        raise RecipeError(
            f"model.vocab_size = {vocabulary} is smaller than the tokenizer's {vocabulary_size}",
            expected=f"at least {vocabulary_size}",
            next_step="raise it, or leave it out",
        )
    if options.hidden_size % options.num_attention_heads:
        raise RecipeError(
            f"model.hidden_size = {options.hidden_size} cannot be shared by {options.num_attention_heads} heads",
            expected="hidden_size is a multiple of num_attention_heads",
            next_step="correct one of the two; transformers loads no other",
        )
    try:
        shape: Shape = family(options.family).from_options(options, vocabulary, sequence_length)
    except ModelError as error:
        raise RecipeError(
            f"model: {error.found}", expected=error.expected, next_step="correct the sizes in [model]"
        ) from error
    return shape


def shape_from_config(config: Mapping[str, Any]) -> Shape:
    """The shape of a transformers `config.json`, of version 4 or 5.

    Raises:
        ModelError: another family, a missing size, or a setting that our layers do not compute.
    """
    name = config.get("model_type")
    known = plugins.names(families.__name__)
    if name not in known:
        raise ModelError(
            f"model_type {name!r} is not supported",
            where="config.json",
            expected="one of " + ", ".join(f"`{family_name}`" for family_name in known),
            next_step="use a model of one of these families",
        )
    shape: Shape = family(str(name)).from_config(config)
    return shape


def config_from_shape(
    shape: Shape, *, bos_id: int | None = None, eos_id: int | None = None, pad_id: int | None = None
) -> dict[str, Any]:
    """The transformers config of a shape, with the ids of the special tokens."""
    config: dict[str, Any] = family(shape.family).to_config(shape)
    return {**config, "bos_token_id": bos_id, "eos_token_id": eos_id, "pad_token_id": pad_id, "use_cache": True}


def architecture(shape: Shape) -> Architecture:
    """The parts of a decoder of that shape and their names in transformers."""
    found: Architecture = family(shape.family).architecture(shape)
    return found


def parameters(shape: Shape) -> int:
    """Weights of the whole decoder; a tied head counts once."""
    parts = architecture(shape)
    norm = shape.hidden_size * (2 if parts.norm == "layer" else 1)
    layer = sum(projection.parameters for _, projection in parts.projections())
    layer += norm * sum(1 for _ in parts.norms())
    tables = shape.vocabulary_size * shape.hidden_size * (1 if shape.tie_word_embeddings else 2)
    return shape.num_hidden_layers * layer + norm + tables


def lora_parameters(shape: Shape, rank: int, targets: Iterable[str]) -> int:
    """Weights of the adapters of a rank on the projections of those roles (q, k, v, output, mlp, head).

    Where transformers fuses q, k and v into one module, any of the three means the fused module.
    """
    wanted = set(targets)
    layer = sum(
        rank * (projection.columns + part.rows)
        for _, projection in architecture(shape).projections()
        for part in projection.parts
        if wanted.intersection(part.roles)
    )
    head = rank * (shape.hidden_size + shape.vocabulary_size) if "head" in wanted else 0
    return shape.num_hidden_layers * layer + head


def flops_per_token(shape: Shape, sequence_length: int) -> float:
    """Floating-point operations of a forward and backward pass, per token: 6 N + 12 L H E T (PaLM, appendix B).

    N counts the weights that multiply: the head, tied or not, and not the embedding's look-up. T is the mean length
    of what a token may attend to at most, without the causal half taken off, as in the source.
    """
    lookup = 0 if shape.tie_word_embeddings else shape.vocabulary_size * shape.hidden_size
    width = shape.num_attention_heads * shape.head_dim
    seen = min(sequence_length, shape.sliding_window or sequence_length)
    return 6.0 * (parameters(shape) - lookup) + 12.0 * shape.num_hidden_layers * width * seen


def training_memory_bytes(shape: Shape, trainable_parameters: int, micro_batch_tokens: int) -> int:
    """A first estimate of what training holds at once.

    - 16 bytes per weight that learns: float32 weight, gradient and AdamW's two moments;
    - 4 bytes per frozen weight, and 2 per weight of any kind for its bf16 copy under autocast;
    - per token and layer what backward needs, in bf16: 2 bytes times every projection's input and output, and 4 times
      the residual stream and the norms' inputs;
    - one chunk of 2,048 rows of logits: 10 bytes per entry (bf16, float32, and the float32 gradient).
    """
    total = parameters(shape)
    frozen = max(total - trainable_parameters, 0)
    parts = architecture(shape)
    matrices = sum(projection.rows + projection.columns for _, projection in parts.projections())
    residual = 4 * shape.hidden_size * (1 + sum(1 for _ in parts.norms()))
    activations = micro_batch_tokens * shape.num_hidden_layers * (2 * matrices + residual)
    logits = 10 * min(2048, micro_batch_tokens) * shape.vocabulary_size
    return 16 * trainable_parameters + 4 * frozen + 2 * total + activations + logits
