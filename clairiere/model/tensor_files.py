"""Safetensors on disk: one file or an index with shards, read tensor by tensor, written the same to the byte."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from clairiere.artifact import write_atomically, write_json
from clairiere.errors import ModelError

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
_OS_ERROR = re.compile(r"(?P<message>[^:]*) \(os error (?P<number>\d+)\)")
"""How Rust ends the message of what the system refused."""
PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        ModelError: the file is missing, or not a JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"no {path.name}" if not path.exists() else f"{path.name} cannot be read: {error}",
            where=path.parent,
            expected="a model folder as transformers writes it",
            next_step="check the path, or fetch the folder again",
        ) from error
    if not isinstance(value, dict):
        raise ModelError(
            f"{path.name} holds no JSON object",
            where=path.parent,
            expected="a model folder as transformers writes it",
            next_step="fetch the file again",
        )
    return value


class TensorFiles:
    """The tensors of one or several safetensors files, by name.

    Args:
        files: name of a tensor → its file.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._open: dict[Path, Any] = {}

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._files)

    def read(self, name: str, size: tuple[int, ...]) -> Tensor:
        """A copy of a tensor that has that size.

        Raises:
            ModelError: it has another size, or its file is damaged.
        """
        path = self._files[name]
        if path not in self._open:
            self._open[path] = _open(path)
        found = tuple(self._open[path].get_slice(name).get_shape())
        if found != size:
            raise ModelError(
                f"tensor `{name}` has the size {list(found)}",
                where=path,
                expected=f"{list(size)}, by config.json",
                next_step="take config.json and weights of the same model",
            )
        tensor: Tensor = self._open[path].get_tensor(name)
        return tensor.clone()


def in_file(path: Path) -> TensorFiles:
    """The tensors of one file.

    Raises:
        ModelError: the file is truncated or no safetensors.
    """
    return TensorFiles(dict.fromkeys(_open(path).keys(), path))


def in_folder(folder: Path) -> TensorFiles:
    """The tensors of a model folder.

    Raises:
        ModelError: there are no safetensors (pickled weights are refused), or a file is missing or damaged.
    """
    if (folder / SINGLE).is_file():
        return in_file(folder / SINGLE)
    if (folder / INDEX).is_file():
        return _indexed(folder)
    pickled = sorted(path.name for pattern in PICKLED for path in folder.glob(pattern))
    if pickled:
        raise ModelError(
            f"only pickled weights ({', '.join(pickled[:3])}), which can run any code when they are opened",
            where=folder,
            expected=SINGLE,
            next_step="convert the folder where you trust it: from_pretrained(…).save_pretrained(…) of transformers",
        )
    raise ModelError(
        "no weights",
        where=folder,
        expected=f"{SINGLE}, or {INDEX} with its shards",
        next_step="check the path, or fetch the folder again",
    )


def _indexed(folder: Path) -> TensorFiles:
    table = read_json(folder / INDEX).get("weight_map")
    if not isinstance(table, dict) or not all(_is_plain_name(name) for name in table.values()):
        raise ModelError(
            f"{INDEX} has no usable `weight_map`",
            where=folder,
            expected="tensor names with the names of files beside the index",
            next_step="fetch the file again",
        )
    absent = sorted({name for name in table.values() if not (folder / name).is_file()})
    if absent:
        raise ModelError(
            f"missing shards: {', '.join(absent)}",
            where=folder,
            expected=f"every file that {INDEX} names",
            next_step="fetch the folder again",
        )
    held = {name: folder / name for name in sorted(set(table.values()))}
    contents = {name: frozenset(_open(path).keys()) for name, path in held.items()}
    absent = sorted(tensor for tensor, name in table.items() if tensor not in contents[name])
    if absent:
        raise ModelError(
            f"tensors that their shards lack: {', '.join(absent[:5])}",
            where=folder,
            expected=f"what {INDEX} says",
            next_step="fetch the folder again",
        )
    return TensorFiles({tensor: held[name] for tensor, name in table.items()})


def _is_plain_name(name: object) -> bool:
    return isinstance(name, str) and Path(name).name == name


def _open(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{path.name} cannot be read: {error}",
            where=path.parent,
            expected="a whole safetensors file",
            next_step="fetch the file again; this one is truncated or damaged",
        ) from error


def write_file(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors to one file, atomically.

    Raises:
        OSError: it cannot be written, as on a full disk.
    """
    whole = {name: tensors[name].contiguous() for name in sorted(tensors)}
    write_atomically(path, lambda temporary: save_tensors(whole, temporary, metadata={"format": "pt"}))


def save_tensors(tensors: Mapping[str, Tensor], path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write tensors to a file where it stands.

    Raises:
        OSError: it cannot be written, as on a full disk; safetensors has an error of its own for that.
    """
    try:
        save_file(dict(tensors), path, metadata=metadata)
    except SafetensorError as error:
        refused = _OS_ERROR.search(str(error))
        number = int(refused["number"]) if refused else errno.ENOSPC
        raise OSError(number, refused["message"].strip() if refused else str(error), str(path)) from error


def write_folder(
    folder: Path, names_and_bytes: Mapping[str, int], tensors: Iterable[Mapping[str, Tensor]], shard_bytes: int
) -> None:
    """Write tensors to one file, or to shards with an index.

    Args:
        folder: where.
        names_and_bytes: every tensor and its size in bytes, in the order in which `tensors` yields them.
        tensors: a few at a time.
        shard_bytes: no file is larger unless one tensor is.
    """
    shards = _assign(names_and_bytes, shard_bytes)
    count = max(shards.values()) + 1
    files = [SINGLE if count == 1 else f"model-{n + 1:05d}-of-{count:05d}.safetensors" for n in range(count)]
    waiting: list[dict[str, Tensor]] = [{} for _ in range(count)]
    expected = [sum(1 for shard in shards.values() if shard == n) for n in range(count)]
    for group in tensors:
        for name, tensor in group.items():
            n = shards[name]
            waiting[n][name] = tensor
            if len(waiting[n]) == expected[n]:
                write_file(folder / files[n], waiting[n])
                waiting[n].clear()
    if count > 1:
        write_json(
            folder / INDEX,
            {
                "metadata": {"total_size": sum(names_and_bytes.values())},
                "weight_map": {name: files[shard] for name, shard in shards.items()},
            },
        )


def _assign(names_and_bytes: Mapping[str, int], shard_bytes: int) -> dict[str, int]:
    shards: dict[str, int] = {}
    shard, filled = 0, 0
    for name, size in names_and_bytes.items():
        if filled and filled + size > shard_bytes:
            shard, filled = shard + 1, 0
        shards[name] = shard
        filled += size
    return shards
