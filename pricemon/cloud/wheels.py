"""A function's dependencies: pinned wheels for its platform, from a cache or the package index.

Requirements list every distribution that goes into a zip, and each is fetched alone (`--no-deps`)
at the version of `constraints.txt`. So what is in a zip does not depend on the machine that builds
it: pip would resolve against the interpreter that runs it, not the one the wheels are for.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.tags import platform_tags
from packaging.utils import canonicalize_name

from pricemon.cloud import installer
from pricemon.cloud.zips import Member, copied
from pricemon.core.errors import PricemonError

HOST = "host"
"""The architecture of this very machine: for the embedded AWS, which runs functions on it."""

ARCHITECTURES = ("arm64", "x86_64")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")

_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
_OLDEST_GLIBC = {"arm64": 17, "x86_64": 5}
_NEWEST_GLIBC = {"3.11": 26}
"""Lambda's Python 3.11 runs on Amazon Linux 2; later ones on Amazon Linux 2023, with glibc 2.34."""

_UNUSED = (".pyc", ".pyi", ".pyx", ".pxd", ".pxi", ".c", ".h", "py.typed")
"""Files that no running function reads: caches that carry times, types, and sources of binaries."""


@dataclass(frozen=True, slots=True)
class Platform:
    """Where a function runs: the Python (`3.13`) and `arm64`, `x86_64` or `host`."""

    python: str
    architecture: str

    def __post_init__(self) -> None:
        if self.architecture == HOST:
            return
        if self.architecture not in ARCHITECTURES or self.python not in PYTHONS:
            raise ValueError(f"no Lambda runtime: {self}")

    def __str__(self) -> str:
        if self.architecture == HOST:
            return f"Python {self.python} on this machine"
        return f"Python {self.python} on {self.architecture}"

    @classmethod
    def host(cls) -> Platform:
        """This interpreter on this machine."""
        return cls(f"{sys.version_info.major}.{sys.version_info.minor}", HOST)

    @property
    def tags(self) -> list[str]:
        """Platform tags of wheels that run there, the newest first (PEP 600)."""
        if self.architecture == HOST:
            return list(platform_tags())
        newest, oldest = _NEWEST_GLIBC.get(self.python, 34), _OLDEST_GLIBC[self.architecture]
        return [
            *(f"manylinux_2_{minor}_{self.machine}" for minor in range(newest, oldest - 1, -1)),
            f"manylinux2014_{self.machine}",
        ]

    @property
    def machine(self) -> str:
        """The processor as Python and wheels name it."""
        return _MACHINES[self.architecture]

    @property
    def markers(self) -> dict[str, str]:
        """The platform's values of environment markers (PEP 508)."""
        if self.architecture == HOST:
            return {}
        return {
            "python_version": self.python,
            "platform_machine": self.machine,
            "platform_system": "Linux",
            "sys_platform": "linux",
        }


@dataclass(frozen=True, slots=True, order=True)
class Pin:
    """One distribution at one version; `name` is normalised (PEP 503)."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def pins(requirements: str, constraints: str, platform: Platform) -> list[Pin]:
    """The distributions that `requirements` asks for on the platform, at their pinned versions.

    Raises `PricemonError` when one has no pin.
    """
    versions = dict(_pinned(constraints))
    wanted: list[Pin] = []
    for requirement in _parse(requirements):
        if requirement.marker and not requirement.marker.evaluate(platform.markers):
            continue
        name = canonicalize_name(requirement.name)
        if name not in versions:
            raise PricemonError(
                f"{requirement.name} has no version in constraints.txt",
                hint=f"add a line such as `{name}==1.2.3` to it",
            )
        wanted.append(Pin(name, versions[name]))
    return sorted(wanted)


def members(pinned: Iterable[Pin], platform: Platform, cache_dir: Path) -> Iterator[Member]:
    """The files of the distributions, as they go into a zip.

    For the host, what is installed beside this interpreter is taken as it is, whatever its
    version: the functions share the interpreter with it. Everything else comes from wheels.
    """
    absent = list(pinned)
    if platform.architecture == HOST:
        installed = {pin: found for pin in absent if (found := _installed(pin))}
        absent = [pin for pin in absent if pin not in installed]
        for distribution in installed.values():
            yield from _installed_members(distribution)
    for wheel in _wheels(absent, platform, cache_dir):
        for member in copied(wheel):
            if name := _placed(member.name):
                yield Member(name, member.data, member.crc, member.size, member.method)


def identity(pinned: Iterable[Pin], platform: Platform) -> str:
    """What the members depend on: for a cache key. Reads no wheel."""
    lines = [f"{platform.python} {platform.tags[0]}"]
    for pin in pinned:
        installed = _installed(pin) if platform.architecture == HOST else None
        lines.append(f"{pin.name}=={installed.version} installed" if installed else str(pin))
    return "\n".join(lines)


def _wheels(pinned: list[Pin], platform: Platform, cache_dir: Path) -> list[Path]:
    """The wheels, downloaded unless they are in the cache already."""
    if not pinned:
        return []
    key = hashlib.sha256(identity(pinned, platform).encode()).hexdigest()[:32]
    shelf = cache_dir / "wheels" / key
    if not shelf.is_dir():
        shelf.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=shelf.parent, prefix=".new-") as scratch:
            fresh = Path(scratch) / "wheels"
            installer.download([str(pin) for pin in pinned], fresh, _options(platform), platform)
            _publish(fresh, shelf)
    return sorted(shelf.glob("*.whl"))


def _publish(fresh: Path, shelf: Path) -> None:
    """Put a whole folder in its place at once; one that another process put there is as good."""
    try:
        fresh.rename(shelf)
    except OSError:
        if not shelf.is_dir():
            raise


def _options(platform: Platform) -> list[str]:
    """What to tell pip, whose own interpreter need not be the one the wheels are for."""
    abi = "cp" + platform.python.replace(".", "")
    return [
        *(option for tag in platform.tags for option in ("--platform", tag)),
        *("--implementation", "cp", "--python-version", platform.python),
        *("--abi", abi, "--abi", "abi3", "--abi", "none"),
    ]


def _placed(name: str) -> str | None:
    """Where a wheel's file is installed (PEP 427), or `None` for one that no function reads."""
    top, _, rest = name.partition("/")
    if top.endswith(".data"):
        scheme, _, name = rest.partition("/")
        if scheme not in ("purelib", "platlib"):
            return None
    if top.endswith(".dist-info") or name.endswith(_UNUSED):
        return None
    return name


def _installed(pin: Pin) -> importlib.metadata.Distribution | None:
    """What is installed under the name, if its record lists sources: an editable one does not."""
    try:
        found = importlib.metadata.distribution(pin.name)
    except importlib.metadata.PackageNotFoundError:
        return None
    return found if ".py," in (found.read_text("RECORD") or "") else None


def _installed_members(distribution: importlib.metadata.Distribution) -> Iterator[Member]:
    for file in distribution.files or ():
        name = file.as_posix()
        if not name.startswith("..") and "__pycache__" not in name and (placed := _placed(name)):
            yield Member.deflated(placed, Path(str(file.locate())).read_bytes())


def _pinned(constraints: str) -> Iterator[tuple[str, str]]:
    for constraint in _parse(constraints):
        for specifier in constraint.specifier:
            if specifier.operator == "==":
                yield canonicalize_name(constraint.name), specifier.version


def _parse(text: str) -> Iterator[Requirement]:
    for line in text.splitlines():
        if bare := line.partition("#")[0].strip():
            yield Requirement(bare)
