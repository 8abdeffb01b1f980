"""Who may import whom (one table), read from the source so that no import is missed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from pricemon.cloud import slices

ROOT = Path(__file__).resolve().parents[1]

MAY_IMPORT: dict[str, set[str]] = {
    "cli": {"cloud", "local", "config", "core", ""},
    "cloud": {"core", ""},
    "local": {"core", ""},
    "lambda_src": {"core", ""},
    "config": {"core", ""},
    "core": {""},
    "": set(),
}
"""Layer → the layers it may import, beside itself. `""` is the package itself: its version."""

EXCEPTIONS = {
    ("pricemon/cloud/stack.py", "config"),  # the wiring diagram: Config → resources
    ("pricemon/__main__.py", "cli"),  # the program
}

CORE_MAY_USE = {
    *("urllib3", "selectolax", "regex", "protego", "aws_lambda_powertools"),
    *("brotli", "compression", "backports"),  # content encodings
}
"""What ships in the zips. boto3 clients are passed in; of AWS's own, core knows error types."""

CORE_MAY_USE_OF_AWS = ("botocore.exceptions", "boto3.dynamodb")

SOURCES = sorted([*ROOT.glob("pricemon/**/*.py"), *ROOT.glob("lambda_src/**/*.py")])


def _imports(path: Path, nodes: Callable[[ast.AST], Iterable[ast.AST]] = ast.walk) -> Iterator[str]:
    """Absolute names of the modules a file imports, `from a import b` as `a.b`."""
    package = path.relative_to(ROOT).parent.parts
    for node in nodes(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += node.module.split(".") if node.module else []
            yield from (".".join([*base, alias.name]) for alias in node.names)


def _layer(parts: tuple[str, ...]) -> str:
    """The layer of a module, from its dotted name's parts."""
    if parts[0] == "lambda_src":
        return "lambda_src"
    if len(parts) == 1 or parts[1].startswith("__"):
        return ""
    return "config" if parts[1].lstrip("_").startswith("config") else parts[1]


def _violations(path: Path, names: Iterator[str]) -> Iterator[str]:
    file = path.relative_to(ROOT).as_posix()
    layer = _layer(path.relative_to(ROOT).with_suffix("").parts)
    for name in names:
        parts = tuple(name.split("."))
        if parts[0] in {"pricemon", "lambda_src"}:
            target = _layer(parts)
            allowed = {layer, *MAY_IMPORT[layer]}
            if target not in allowed and (file, target) not in EXCEPTIONS:
                yield f"{file} imports {name}"
        elif layer == "core" and not _core_may_use(name):
            yield f"{file} imports {name}"


def _core_may_use(name: str) -> bool:
    top = name.partition(".")[0]
    return (
        top in sys.stdlib_module_names
        or top in CORE_MAY_USE
        or name.startswith(CORE_MAY_USE_OF_AWS)
    )


@pytest.mark.parametrize("layer", sorted({_layer(p.relative_to(ROOT).parts) for p in SOURCES}))
def test_a_layer_imports_only_what_it_may(layer):
    files = [p for p in SOURCES if _layer(p.relative_to(ROOT).with_suffix("").parts) == layer]
    assert [line for path in files for line in _violations(path, _imports(path))] == []


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("pricemon/core/money.py", "pricemon.cloud.engine"),
        ("pricemon/core/money.py", "pydantic"),
        ("pricemon/core/table.py", "boto3"),
        ("pricemon/core/fetch.py", "yaml"),
        ("pricemon/cloud/engine.py", "pricemon.config.load"),
        ("pricemon/cloud/engine.py", "pricemon.local.embedded"),
        ("pricemon/cloud/stack.py", "pricemon.cli.render"),
        ("pricemon/local/shop.py", "pricemon.cloud.session"),
        ("pricemon/config.py", "pricemon.cloud.names"),
        ("lambda_src/scraper/handler.py", "pricemon.config"),
        ("lambda_src/scraper/handler.py", "pricemon.cli.app"),
    ],
)
def test_the_check_sees_a_wrong_import(file, name):
    assert list(_violations(ROOT / file, iter([name]))) == [f"{file} imports {name}"]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("pricemon/core/table.py", "botocore.exceptions.ClientError"),
        ("pricemon/core/fetch.py", "urllib3.util"),
        ("pricemon/cloud/stack.py", "pricemon.config.Config"),
        ("pricemon/cloud/bundle.py", "pricemon"),
        ("pricemon/cli/bundle.py", "pricemon.cloud.bundle"),
        ("lambda_src/scraper/handler.py", "pricemon.core.table.Table"),
    ],
)
def test_the_check_lets_a_right_import_pass(file, name):
    assert list(_violations(ROOT / file, iter([name]))) == []


def test_rich_is_only_where_things_are_drawn():
    """Other modules may name its types to the type checker, and pass on what they were given."""
    users = {
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        for name in _imports(path, slices._running)
        if name.partition(".")[0] == "rich"
    }
    drawn = {
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        if path.parent.name == "cli" and (path.name == "render.py" or path.stem.endswith("_view"))
    }
    assert users <= drawn
