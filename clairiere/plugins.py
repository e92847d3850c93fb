"""Name → module: the file name is the registry, a dotted path serves for code kept elsewhere."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType

from clairiere.errors import UnknownNameError


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known names, or all of them where none is near."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(f"`{match}`" for match in close) + "?"
    return "known: " + ", ".join(f"`{match}`" for match in names)


def names(package: str) -> list[str]:
    """The public modules of a package, sorted."""
    module = importlib.import_module(package)
    return sorted(info.name for info in pkgutil.iter_modules(module.__path__) if not info.name.startswith("_"))


def load(package: str, name: str, kind: str) -> ModuleType:
    """The module called `name` in `package`, or the module at a dotted path.

    Args:
        package: the package whose modules are the known names.
        name: a module of it, or a dotted path to one kept elsewhere.
        kind: what to call it in an error ("reader").

    Raises:
        UnknownNameError: there is no such module.
    """
    if name in names(package):
        return importlib.import_module(f"{package}.{name}")
    if "." in name:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise UnknownNameError(
                f"no {kind} `{name}`: {error}",
                expected=f"a module that Python can import, or a {kind} of {package}",
                next_step="install it, or put its folder on PYTHONPATH",
            ) from error
    raise UnknownNameError(
        f"no {kind} `{name}`",
        expected=nearest(name, names(package)),
        next_step=f"correct the name, or add {package.replace('.', '/')}/{name}.py",
    )
