"""`pricemon bundle`: the functions' zips, as `up` would upload them, to look into."""

from __future__ import annotations

import shutil
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pricemon.cli import context, render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pricemon.cloud.bundle import Bundle

_LARGEST = 6


class Python(StrEnum):
    """Lambda's Pythons."""

    PY311 = "3.11"
    PY312 = "3.12"
    PY313 = "3.13"
    PY314 = "3.14"


class Architecture(StrEnum):
    """Lambda's processors, and this machine for the embedded AWS."""

    ARM64 = "arm64"
    X86_64 = "x86_64"
    HOST = "host"


def bundle(
    ctx: typer.Context,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write the zips to. Default: the cache alone.")
    ] = None,
    python: Annotated[
        Python | None, typer.Option(help="Python of the functions. Default: the config's.")
    ] = None,
    architecture: Annotated[
        Architecture | None,
        typer.Option(help="Their processor. Default: the config's; `host` for env local."),
    ] = None,
) -> None:
    """Build the functions' zips and show what is in them. Uploads nothing.

    The same sources, pins, settings and platform give the same SHA-256 on any machine.

    Examples:

        pricemon bundle --env prod --out dist

        pricemon bundle --python 3.14 --architecture x86_64
    """
    from pricemon.cloud.bundle import FUNCTIONS, OPTIONAL, build, user_cache_dir

    current = context.current(ctx)
    settings = current.config.settings().to_json()
    described = []
    for name in (*FUNCTIONS, *(OPTIONAL if current.config.notifier.enabled else ())):
        options = getattr(current.config.functions, name)
        default = Architecture.HOST if current.config.is_local else options.architecture
        made = build(
            name,
            settings,
            python=python or options.python,
            architecture=architecture or default,
            cache_dir=user_cache_dir(),
        )
        described.append(_described(made, out))
    current.emit(described, lambda: render.table(("zip", ""), _rows(described)))


def _described(made: Bundle, out: Path | None) -> dict[str, Any]:
    from pricemon.cloud import zips

    return {
        "function": made.function.replace("_", "-"),
        "path": _placed(made, out),
        "sha256": made.sha256,
        "size": made.size,
        "unzipped_size": made.unzipped_size,
        "packages": zips.shares(made.path),
    }


def _placed(made: Bundle, out: Path | None) -> Path:
    """The zip in the folder asked for, or in the cache."""
    if out is None:
        return made.path
    out.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(made.path, out / f"{made.function.replace('_', '-')}.zip"))


def _rows(described: list[dict[str, Any]]) -> Iterator[tuple[str, object]]:
    for made in described:
        largest = (f"{p.name} {_megabytes(p.unzipped)}" for p in made["packages"][:_LARGEST])
        size, unzipped = _megabytes(made["size"]), _megabytes(made["unzipped_size"])
        yield made["function"], made["path"]
        yield "  size", f"{size}, {unzipped} unzipped"
        yield "  SHA-256", made["sha256"]
        yield "  largest", ", ".join(largest)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"
