"""`notifier set`: put a channel's URL where the notifier reads it, and nowhere else."""

from __future__ import annotations

import getpass
import re
import sys
from typing import Annotated

import typer

from pricemon.cli import context, render
from pricemon.core.errors import UsageError

app = typer.Typer(help="Chat and push: the secrets of their channels.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `set` a command of its own name: a group of one would lose it."""


@app.command("set")
def set_(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="PARAMETER", help="As in the config: ssm:/pricemon/slack.")
    ],
) -> None:
    """Store an Apprise URL, asked for or read from stdin, as a secure SSM parameter.

    It is taken up within five minutes. `down` leaves it: it is yours.

    Examples:

        pricemon notifier set ssm:/pricemon/slack

        pass show chat/ntfy | pricemon notifier set ssm:/pricemon/ntfy
    """
    path = name.removeprefix("ssm:")
    if not re.fullmatch(r"/[A-Za-z0-9_.\-/]{1,1010}", path):
        raise UsageError("that is no name of a parameter", hint="for example ssm:/pricemon/slack")
    mine = context.current(ctx)
    url = _url()
    mine.aws.client("ssm").put_parameter(
        Name=path, Value=url, Type="SecureString", Overwrite=True, Description="pricemon: a channel"
    )
    known = path in mine.config.notifier.parameters
    scheme = url.partition("://")[0]
    mine.emit(
        {"parameter": path, "scheme": scheme, "in_config": known},
        lambda: f"{path} holds a {scheme} URL",
    )
    if not known:
        hint = f"the config does not name it yet: notifier: {{urls: [ssm:{path}]}}"
        mine.talk(render.literal(hint))


def _url() -> str:
    """The URL, never echoed. Raises `UsageError` for what is none; does not repeat it."""
    asked = getpass.getpass("Apprise URL: ") if render.is_terminal() else sys.stdin.read()
    url = asked.strip()
    if not re.fullmatch(r"[a-z][a-z0-9]*://\S+", url, re.IGNORECASE):
        raise UsageError(
            "that is no Apprise URL", hint="such as ntfy://topic; https://appriseit.com lists them"
        )
    return url
