"""The part of our own tree that one function needs: the import closure of its handler.

Imports are read from the source, not executed, so the answer is the same whatever is installed. A
function thus ships the modules of `pricemon.core` that it uses and no others, and a change to one
that it does not use leaves its zip as it was.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

FIRST_PARTY = ("pricemon", "lambda_src")
"""Top-level packages that are ours; everything else is the runtime's or a requirement's."""

_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
"""The fields of `ast`'s nodes that hold statements."""

_NO_DATA = (".py", ".pyc", ".typed", "requirements.txt")

# CPython 3.11 may fail with "AST constructor recursion depth mismatch" when two threads parse at
# once (python/cpython#106905), and the functions' bundles are built in parallel.
_PARSING = Lock()


def closure(root: Path, module: str) -> dict[str, bytes]:
    """The files below `root` that importing `module` needs, by their path in the zip.

    Packages bring their `__init__` and the data files beside it. Imports within functions count,
    those under `if TYPE_CHECKING` do not. Raises `ModuleNotFoundError` when `module` is not there.
    """
    if _file(root, module) is None:
        raise ModuleNotFoundError(f"{module} is not under {root}", name=module)
    found: dict[str, bytes] = {}
    seen: set[str] = set()
    pending = [module]
    while pending:
        name = pending.pop()
        path = _file(root, name)
        if name in seen or path is None:
            continue
        seen.add(name)
        pending += _ancestors(name)
        if path.is_dir():  # a namespace package: nothing of its own to ship
            continue
        source = path.read_bytes()
        found[path.relative_to(root).as_posix()] = source
        is_package = path.name == "__init__.py"
        if is_package:
            found |= _data(root, path.parent)
        package = name if is_package else name.rpartition(".")[0]
        pending += imports(source, package)
    return dict(sorted(found.items()))


def imports(source: bytes, package: str) -> Iterator[str]:
    """The first-party names a module imports when it runs.

    Whether `b` of `from a import b` is a module or a name in one is not known from here: both `a`
    and `a.b` are given, and the one without a file is no module.
    """
    with _PARSING:
        tree = ast.parse(source)
    for node in _running(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] in FIRST_PARTY)


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """Every statement but those that only a type checker sees. Expressions hold no imports."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        hidden = isinstance(node, ast.If) and _is_type_checking(node.test)
        for field in _BLOCKS:
            block = getattr(node, field, ())
            if isinstance(block, list) and not (hidden and field == "body"):
                pending += block


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", None)
    return name == "TYPE_CHECKING"


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _ancestors(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _file(root: Path, module: str) -> Path | None:
    base = root.joinpath(*module.split("."))
    for path in (base / "__init__.py", base.with_name(base.name + ".py"), base):
        if path.is_file() or (path == base and path.is_dir()):
            return path
    return None


def _data(root: Path, package: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in package.iterdir()
        if path.is_file() and not path.name.endswith(_NO_DATA)
    }
