"""A bundle: what is in it, when it changes, and what happens when it can't be had."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pricemon.cloud import bundle, installer
from pricemon.core.errors import PricemonError

SETTINGS = '{"env":"test"}'

TREE = {
    "lambda_src/scraper/handler.py": "from pricemon.core import money",
    "lambda_src/scraper/requirements.txt": "acme\n",
    "pricemon/__init__.py": "",
    "pricemon/core/__init__.py": "",
    "pricemon/core/money.py": "",
    "pricemon/core/unused.py": "",
    "constraints.txt": "acme==1.0\n",
}


@pytest.fixture
def tree(tmp_path, monkeypatch) -> Path:
    """A checkout with one function, built from."""
    root = tmp_path / "checkout"
    for name, content in TREE.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    monkeypatch.setattr(bundle, "source_root", lambda: root)
    return root


class Index:
    """Stands for pip: puts one wheel in the folder, and counts how often it is asked."""

    def __init__(self, wheel: Path) -> None:
        self.wheel = wheel
        self.asked = 0
        self.content = {"acme/__init__.py": b"x = 1\n" * 50}
        self.gate = threading.Barrier(1)

    def __call__(self, _pins, folder, _options, _platform) -> None:
        self.asked += 1
        folder.mkdir()
        self.gate.wait()
        with zipfile.ZipFile(folder / "acme-1.0-py3-none-any.whl", "w") as archive:
            for name, content in self.content.items():
                archive.writestr(name, content)


@pytest.fixture
def index(tmp_path, monkeypatch) -> Index:
    fake = Index(tmp_path)
    monkeypatch.setattr(installer, "download", fake)
    return fake


@pytest.fixture
def build(tree, index, tmp_path):
    def build(settings=SETTINGS, *, cache=tmp_path / "cache", **options):
        return bundle.build("scraper", settings, cache_dir=cache, **options)

    return build


def test_a_bundle_is_the_slice_the_wheels_and_the_settings(build):
    made = build()
    with zipfile.ZipFile(made.path) as archive:
        assert archive.namelist() == [
            "acme/__init__.py",
            "lambda_src/scraper/handler.py",
            "pricemon/__init__.py",
            "pricemon/core/__init__.py",
            "pricemon/core/money.py",
            "settings.json",
        ]
        assert archive.read("settings.json").decode() == SETTINGS
    content = made.read()
    assert content == made.path.read_bytes()
    assert made.size == len(content)
    assert made.sha256 == base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert made.unzipped_size == sum(len(TREE[n]) for n in TREE if "handler" in n) + 300 + 14
    assert made.handler == "lambda_src.scraper.handler.handler"


def test_an_unchanged_build_is_the_same_file_and_asks_nobody(build, index):
    first = build()
    assert build() == first
    assert index.asked == 1


def test_another_machine_with_the_same_sources_and_pins_gets_the_same_bytes(build, tmp_path):
    assert build().sha256 == build(cache=tmp_path / "elsewhere").sha256


def test_a_change_of_settings_needs_no_wheels_again(build, index):
    assert build().sha256 != build("{}").sha256
    assert index.asked == 1


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("lambda_src/scraper/handler.py", True),
        ("pricemon/core/money.py", True),
        ("pricemon/__init__.py", True),
        ("pricemon/core/unused.py", False),
        ("constraints.txt", False),
    ],
)
def test_only_a_change_of_what_is_shipped_changes_the_zip(build, tree, file, changes):
    before = build()
    (tree / file).write_text(TREE[file] + "\n# changed\n")
    assert (build().sha256 != before.sha256) is changes


def test_a_new_pin_is_fetched(build, tree, index):
    build()
    (tree / "constraints.txt").write_text("acme==1.1\n")
    build()
    assert index.asked == 2


def test_a_platform_of_its_own_has_wheels_of_its_own(build, index):
    build(python="3.13", architecture="arm64")
    build(python="3.13", architecture="x86_64")
    build(python="3.12", architecture="arm64")
    assert index.asked == 3


@pytest.mark.parametrize("damage", [b"", b"PK\3\4 cut off"], ids=["empty", "cut off"])
def test_a_damaged_zip_in_the_cache_is_built_again(build, damage):
    made = build()
    made.path.write_bytes(damage)
    assert build() == made


def test_builds_at_the_same_time_agree_and_leave_nothing_behind(build, index, tmp_path):
    """Each has its wheels ready at the same moment, so that all want to put them in place."""
    index.gate = threading.Barrier(4)
    with ThreadPoolExecutor(4) as pool:
        made = {future.result() for future in [pool.submit(build) for _ in range(4)]}
    assert len(made) == 1
    assert index.asked == 4
    left = [path for path in (tmp_path / "cache").rglob("*") if path.name.startswith(".new-")]
    assert left == []


def test_a_build_that_fails_leaves_nothing_that_the_next_takes_for_done(build, monkeypatch):
    working = installer.download

    def broken(_pins, folder, _options, _platform):
        folder.mkdir()
        (folder / "acme-1.0-py3-none-any.whl").write_bytes(b"half")
        raise PricemonError("the network went away")

    monkeypatch.setattr(installer, "download", broken)
    with pytest.raises(PricemonError, match="network"):
        build()
    monkeypatch.setattr(installer, "download", working)
    with zipfile.ZipFile(build().path) as archive:
        assert "acme/__init__.py" in archive.namelist()


def test_a_cache_that_cannot_be_written_to_is_named(build, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PricemonError, match=r"the cache in .*file/cache can't be written to") as e:
        build(cache=tmp_path / "file" / "cache")
    assert "PRICEMON_HOME" in str(e.value.hint)


def test_what_lambda_would_not_take_is_refused_with_the_largest_named(build, monkeypatch):
    monkeypatch.setattr(bundle, "UNZIPPED_LIMIT", 300)
    with pytest.raises(PricemonError, match=r"The largest: acme 0\.0 MB, lambda_src") as caught:
        build()
    assert "lambda_src/scraper/requirements.txt" in str(caught.value.hint)


def test_zips_that_nobody_builds_any_more_are_forgotten_after_a_month(build):
    unused, used = build("1"), build("2")
    for made in (unused, used):
        os.utime(made.path, (0, 0))
    build("2")
    build("3")
    assert not unused.path.exists()
    assert used.path.exists()
    assert build("1") == unused


def test_an_installed_wheel_has_its_pins_among_the_defaults(tree):
    defaults = tree / "pricemon" / "defaults"
    assert bundle.constraints() == tree / "constraints.txt"
    defaults.mkdir()
    shutil.move(tree / "constraints.txt", defaults)
    assert bundle.constraints() == defaults / "constraints.txt"


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({"PRICEMON_HOME": "/p", "XDG_CACHE_HOME": "/x"}, "linux", "/p/cache"),
        ({"XDG_CACHE_HOME": "/x"}, "linux", "/x/pricemon"),
        ({}, "linux", "~/.cache/pricemon"),
        ({}, "darwin", "~/Library/Caches/pricemon"),
    ],
)
def test_the_cache_is_where_the_users_caches_are(monkeypatch, environ, platform, expected):
    monkeypatch.setattr("sys.platform", platform)
    assert bundle.user_cache_dir(environ) == Path(expected).expanduser()
