"""Archives made in memory, good and bad."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable

import zstandard


def tar_bytes(files: dict[str, bytes], change: Callable[[tarfile.TarInfo], None] | None = None) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        folder = tarfile.TarInfo("fr")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            if change:
                change(member)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def zip_bytes(files: dict[str, bytes], mode: int = 0) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("fr/", b"")
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(entry, content)
    return stream.getvalue()


def compressed(name: str, content: bytes) -> bytes:
    """Compressed as the name's suffix says."""
    if name.endswith(("gz", "tgz")):
        return gzip.compress(content, mtime=0)
    if name.endswith("xz"):
        return lzma.compress(content)
    if name.endswith("bz2"):
        return bz2.compress(content)
    return zstandard.ZstdCompressor(write_checksum=True).compress(content) if name.endswith("zst") else content
