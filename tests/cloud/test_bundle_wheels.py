"""Pins, platforms and what of a wheel goes into a zip. Real pip, on wheels made here."""

from __future__ import annotations

import importlib.metadata
import io
import re
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pricemon.cloud import bundle, installer, wheels
from pricemon.cloud.wheels import Pin, Platform
from pricemon.core.errors import PricemonError

ARM = Platform("3.13", "arm64")


def _wheel(folder: Path, name: str, version: str, tag: str, files: dict[str, str]) -> None:
    info = f"{name}-{version}.dist-info"
    metadata = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as archive:
        for path, content in {**files, **metadata}.items():
            archive.writestr(path, content)


def _sdist(folder: Path, name: str, version: str) -> None:
    content = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    with tarfile.open(folder / f"{name}-{version}.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo(f"{name}-{version}/PKG-INFO")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder of wheels as pip's only source."""
    folder = tmp_path / "index"
    folder.mkdir()
    _wheel(folder, "plain", "1.0", "py3-none-any", {"plain/__init__.py": "", "plain/x.pyi": ""})
    for tag in ("cp313-cp313-manylinux_2_28_aarch64", "cp313-cp313-manylinux2014_x86_64"):
        _wheel(folder, "native", "2.1", tag, {"native.so": tag})
    _wheel(folder, "stable", "1.2", "cp39-abi3-manylinux2014_aarch64", {"stable.abi3.so": "x"})
    _wheel(folder, "future", "1.0", "cp313-cp313-manylinux_2_39_aarch64", {"future.so": "x"})
    _sdist(folder, "source", "1.0")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def _members(pins, platform, cache):
    return {member.name: member.data for member in wheels.members(pins, platform, cache)}


def test_pins_are_the_constraints_of_what_is_required():
    requirements = "Proto_Ego  # robots.txt\n\n# a comment\nzstd; python_version < '3.14'\n"
    constraints = "proto-ego==0.5.1\nzstd==1.0\nother==9\n"
    expected = [Pin("proto-ego", "0.5.1"), Pin("zstd", "1.0")]
    assert wheels.pins(requirements, constraints, ARM) == expected
    assert wheels.pins(requirements, constraints, Platform("3.14", "arm64")) == expected[:1]


@pytest.mark.parametrize(
    ("marker", "platform", "taken"),
    [
        ("python_version < '3.12'", Platform("3.11", "arm64"), True),
        ("python_version < '3.12'", Platform("3.13", "arm64"), False),
        ("platform_machine == 'aarch64'", Platform("3.13", "arm64"), True),
        ("platform_machine == 'aarch64'", Platform("3.13", "x86_64"), False),
        ("sys_platform == 'win32'", Platform("3.13", "x86_64"), False),
    ],
)
def test_markers_are_those_of_the_functions_platform_not_of_this_machine(marker, platform, taken):
    assert bool(wheels.pins(f"a; {marker}", "a==1", platform)) is taken


def test_a_requirement_without_a_pin_is_named():
    with pytest.raises(PricemonError, match=r"new has no version in constraints\.txt"):
        wheels.pins("new", "old==1", ARM)


@pytest.mark.parametrize(("python", "architecture"), [("3.10", "arm64"), ("3.13", "riscv")])
def test_a_platform_that_lambda_does_not_have_is_refused(python, architecture):
    with pytest.raises(ValueError, match="no Lambda runtime"):
        Platform(python, architecture)


@pytest.mark.parametrize(
    ("platform", "first"),
    [
        (Platform("3.11", "arm64"), "manylinux_2_26_aarch64"),
        (Platform("3.12", "x86_64"), "manylinux_2_34_x86_64"),
        (Platform("3.14", "arm64"), "manylinux_2_34_aarch64"),
    ],
)
def test_wheels_newer_than_the_runtimes_glibc_are_not_asked_for(platform, first):
    assert platform.tags[0] == first
    assert platform.tags[-1].startswith("manylinux2014_")


def test_wheels_are_for_the_functions_platform_and_lose_what_no_function_reads(index, tmp_path):
    pins = [Pin("native", "2.1"), Pin("plain", "1.0"), Pin("stable", "1.2")]
    assert _members(pins, ARM, tmp_path) == {
        "native.so": b"cp313-cp313-manylinux_2_28_aarch64",
        "plain/__init__.py": b"",
        "stable.abi3.so": b"x",
    }


def test_a_second_build_asks_nobody(index, tmp_path, monkeypatch):
    first = _members([Pin("plain", "1.0")], ARM, tmp_path)
    monkeypatch.setattr(installer, "download", None)
    assert _members([Pin("plain", "1.0")], ARM, tmp_path) == first


@pytest.mark.parametrize(
    "pin",
    ["source==1.0", "future==1.0", "native==2.2", "nowhere==1"],
    ids=["source only", "glibc too new", "no such version", "no such name"],
)
def test_no_wheel_is_an_error_that_names_the_package_and_the_platform(index, tmp_path, pin):
    with pytest.raises(PricemonError) as caught:
        _members([Pin(*pin.split("=="))], ARM, tmp_path)
    assert caught.value.message == (
        f"the package index has no wheel of {pin} for Python 3.13 on arm64"
    )
    assert not list((tmp_path / "wheels").iterdir())


def test_an_index_that_cannot_be_reached_is_said_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    with pytest.raises(PricemonError, match="the package index can't be reached"):
        _members([Pin("plain", "1.0")], ARM, tmp_path)


def test_without_pip_and_uv_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PricemonError, match="neither pip nor uv") as caught:
        installer.command()
    assert "ensurepip" in str(caught.value.hint)


def test_uv_brings_pip_where_there_is_none(tmp_path, monkeypatch):
    """uv itself has no `download`; the pip it runs fetches the same wheels, so the same zip."""
    uv = tmp_path / "uv"
    uv.touch(mode=0o755)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert installer.command()[0] == str(uv)
    assert installer.command()[-3:] == ["python", "-m", "pip"]


@pytest.mark.parametrize(
    ("inside", "placed"),
    [
        ("pkg/a.py", "pkg/a.py"),
        ("pkg.libs/libz.so", "pkg.libs/libz.so"),
        ("pkg-1.data/purelib/pkg/b.py", "pkg/b.py"),
        ("pkg-1.data/platlib/_pkg.so", "_pkg.so"),
        ("pkg-1.data/scripts/tool", None),
        ("pkg-1.dist-info/METADATA", None),
        ("pkg/__pycache__/a.cpython-313.pyc", None),
        ("pkg/a.pyi", None),
        ("pkg/py.typed", None),
    ],
)
def test_where_a_wheels_files_go(inside, placed):
    assert wheels._placed(inside) == placed


def test_on_the_host_what_is_installed_is_taken_whatever_its_version(tmp_path):
    members = _members([Pin("protego", "0.0.1")], Platform.host(), tmp_path)
    assert "protego/__init__.py" in members
    assert not any("dist-info" in name or name.endswith(".pyc") for name in members)
    assert not (tmp_path / "wheels").exists()


def test_on_the_host_what_is_not_installed_is_downloaded_for_this_interpreter(index, tmp_path):
    assert _members([Pin("plain", "1.0")], Platform.host(), tmp_path) == {"plain/__init__.py": b""}


def test_the_identity_tells_installed_from_pinned_and_platforms_apart():
    pins = [Pin("protego", "0.0.1")]
    host = wheels.identity(pins, Platform.host())
    assert "protego==0.0.1" not in host
    assert host.endswith(" installed")
    assert host.startswith(f"3.{sys.version_info.minor} ")
    others = {wheels.identity(pins, Platform("3.13", a)) for a in wheels.ARCHITECTURES}
    assert len(others) == 2


BY_THE_RUNTIME = {"jmespath", "boto3", "botocore"}
"""What Lambda's Python has already."""


@pytest.mark.parametrize("function", bundle.FUNCTIONS)
@pytest.mark.parametrize("python", wheels.PYTHONS)
def test_the_requirements_are_complete(function, python):
    """They are installed without their own requirements, so none of those may be missing."""
    platform = Platform(python, "arm64")
    folder = bundle.source_root() / "lambda_src" / function
    listed = {
        pin.name
        for pin in wheels.pins(
            (folder / "requirements.txt").read_text(), bundle.constraints().read_text(), platform
        )
    }
    needed = {
        canonicalize_name(needed.name)
        for name in listed
        for text in _requires(name)
        if not (needed := Requirement(text)).marker
        or needed.marker.evaluate({**platform.markers, "extra": ""})
    }
    assert needed - BY_THE_RUNTIME <= listed


def _requires(name: str) -> list[str]:
    """What an installed distribution asks for; a backport need not be installed everywhere."""
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return []


def test_every_constraint_is_one_plain_version():
    """No address, no range, nothing twice: the pins are part of what makes a zip."""
    lines = bundle.constraints().read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", pin)] == []
    names = [canonicalize_name(pin.partition("==")[0]) for pin in pins]
    assert len(names) == len(set(names))
