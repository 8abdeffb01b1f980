"""The import closure: what a function ships of our tree, and what it does not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pricemon.cloud import bundle, slices


def _tree(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os, pricemon", {"pricemon"}),
        ("import pricemon.core.money", {"pricemon.core.money"}),
        ("import pricemon.core.money as m", {"pricemon.core.money"}),
        ("from pricemon.core import money", {"pricemon.core", "pricemon.core.money"}),
        ("from pricemon.core import *", {"pricemon.core", "pricemon.core.*"}),
        ("from . import b", {"lambda_src.fn", "lambda_src.fn.b"}),
        ("from .b import c", {"lambda_src.fn.b", "lambda_src.fn.b.c"}),
        ("from ..other import c", {"lambda_src.other", "lambda_src.other.c"}),
        ("def f():\n  import pricemon.core.late", {"pricemon.core.late"}),
        ("try:\n  import pricemon.a\nexcept ImportError:\n  pass", {"pricemon.a"}),
        ("if TYPE_CHECKING:\n  import pricemon.config", set()),
        ("import typing\nif typing.TYPE_CHECKING:\n  import pricemon.config", set()),
        ("if TYPE_CHECKING:\n  import pricemon.a\nelse:\n  import pricemon.b", {"pricemon.b"}),
        ("import pricemonitor, boto3.dynamodb", set()),
    ],
)
def test_imports(source, expected):
    assert set(slices.imports(source.encode(), "lambda_src.fn")) == expected


@pytest.fixture
def root(tmp_path):
    return _tree(
        tmp_path,
        {
            "lambda_src/fn/handler.py": "from pricemon.core.used import x\nfrom . import beside",
            "lambda_src/fn/beside.py": "",
            "lambda_src/fn/requirements.txt": "x",
            "lambda_src/other/handler.py": "",
            "pricemon/__init__.py": "",
            "pricemon/config.py": "",
            "pricemon/core/__init__.py": "",
            "pricemon/core/used.py": "def f():\n    from pricemon.core.parts import deep",
            "pricemon/core/unused.py": "",
            "pricemon/core/parts/__init__.py": "",
            "pricemon/core/parts/deep.py": "import pricemon.core.used",
            "pricemon/core/parts/table.json": "{}",
            "pricemon/core/parts/py.typed": "",
        },
    )


def test_the_closure_holds_what_is_imported_its_packages_and_their_data_and_no_more(root):
    assert list(slices.closure(root, "lambda_src.fn.handler")) == [
        "lambda_src/fn/beside.py",
        "lambda_src/fn/handler.py",
        "pricemon/__init__.py",
        "pricemon/core/__init__.py",
        "pricemon/core/parts/__init__.py",
        "pricemon/core/parts/deep.py",
        "pricemon/core/parts/table.json",
        "pricemon/core/used.py",
    ]


def test_a_handler_that_is_not_there_is_an_error(root):
    with pytest.raises(ModuleNotFoundError, match=r"lambda_src\.none\.handler"):
        slices.closure(root, "lambda_src.none.handler")


@pytest.mark.parametrize("function", bundle.FUNCTIONS)
def test_a_function_ships_its_own_folder_and_core_alone(function):
    """Nothing of the command line, the provisioning or the other function is in a zip."""
    files = slices.closure(bundle.source_root(), f"lambda_src.{function}.handler")
    strangers = [
        name for name in files if not name.startswith((f"lambda_src/{function}/", "pricemon/core/"))
    ]
    assert strangers == ["lambda_src/__init__.py", "pricemon/__init__.py"]


def test_one_thread_parses_at_a_time(monkeypatch):
    """The functions' bundles are built in parallel; CPython 3.11's parser may fail at that."""
    parse, held = ast.parse, []

    def watched(source: bytes) -> ast.AST:
        held.append(slices._PARSING.locked())
        return parse(source)

    monkeypatch.setattr("pricemon.cloud.slices.ast.parse", watched)
    assert list(slices.imports(b"import pricemon", "pricemon")) == ["pricemon"]
    assert held == [True]
