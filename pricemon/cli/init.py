"""`pricemon init`: a config and a catalogue to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pricemon.cli import context
from pricemon.core.errors import UsageError

_CONFIG, _CATALOGUE, _REFERENCE = "pricemon.yaml", "products.csv", "reference.yaml"


def init(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where to write them.")] = Path(),
    reference: Annotated[
        bool, typer.Option("--reference", help="Write every option, with its default, instead.")
    ] = False,
) -> None:
    """Write a commented pricemon.yaml and a products.csv to begin with. Never overwrites.

    Examples:

        pricemon init

        pricemon init --reference
    """
    from pricemon.config import packaged

    names = [_REFERENCE] if reference else [_CONFIG, _CATALOGUE]
    files = {folder / name: packaged(name).read_bytes() for name in names}
    taken = [str(path) for path in files if path.exists()]
    if taken:
        verb = "is" if len(taken) == 1 else "are"
        raise UsageError(
            f"{' and '.join(taken)} {verb} here already; nothing was written",
            hint="move it away, or run this in another folder",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            with path.open("xb") as file:
                file.write(content)
    except OSError as problem:
        raise UsageError(f"{problem.filename} cannot be written: {problem.strerror}") from problem
    mine = context.current(ctx)
    written = [str(path) for path in files]
    mine.emit({"written": written}, lambda: f"wrote {' and '.join(written)}")
    if not reference:
        mine.talk("next: pricemon up, then pricemon products import products.csv")
