"""The program: its commands, and the one boundary where errors become sentences."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import pricemon
from pricemon.cli import (
    alerts,
    archive,
    bundle,
    compare,
    context,
    cost,
    demo,
    dlq,
    doctor,
    extract,
    history,
    init,
    local,
    logs,
    notifier,
    policy,
    products,
    render,
    scrape,
    stack,
    status,
)
from pricemon.core.errors import ExitCode, PricemonError

app = typer.Typer(
    name="pricemon",
    help="Watch thousands of shop prices from your own AWS account, or from your laptop.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"pricemon {pricemon.__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    ctx: typer.Context,
    env: Annotated[
        str | None,
        typer.Option(envvar="PRICEMON_ENV", help="Environment: `local`, or one in the config."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(envvar="PRICEMON_CONFIG", help="Config file.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    context.set_common(ctx, env=env, config=config, json=json, debug=debug)


_STACK = "The stack"
_PRICES = "Prices"
_INSPECT = "Look closer"

app.command(rich_help_panel=_STACK)(init.init)
app.command(rich_help_panel=_STACK)(stack.plan)
app.command(rich_help_panel=_STACK)(stack.up)
app.command(rich_help_panel=_STACK)(stack.down)
app.command(rich_help_panel=_STACK)(status.status)
app.command(rich_help_panel=_STACK)(stack.outputs)
app.command(rich_help_panel=_STACK)(cost.cost)
app.command(rich_help_panel=_STACK)(demo.demo)
app.command(rich_help_panel=_STACK)(doctor.doctor)
app.add_typer(local.app, name="local", rich_help_panel=_STACK)
app.add_typer(products.app, name="products", rich_help_panel=_PRICES)
app.command(rich_help_panel=_PRICES)(scrape.scrape)
app.command(rich_help_panel=_PRICES)(history.history)
app.command(rich_help_panel=_PRICES)(compare.compare)
app.command(rich_help_panel=_PRICES)(alerts.drops)
app.command(rich_help_panel=_PRICES)(alerts.lows)
app.add_typer(alerts.app, name="alerts", rich_help_panel=_PRICES)
app.add_typer(archive.app, name="archive", rich_help_panel=_PRICES)
app.add_typer(dlq.app, name="dlq", rich_help_panel=_PRICES)
app.add_typer(notifier.app, name="notifier", rich_help_panel=_PRICES)
app.command(rich_help_panel=_INSPECT)(extract.extract)
app.command(rich_help_panel=_INSPECT)(logs.logs)
app.command(rich_help_panel=_INSPECT)(bundle.bundle)
app.command(rich_help_panel=_INSPECT)(policy.policy)
context.share_options(app)


def main() -> None:
    """Run the command line and exit with its code (`pricemon.core.errors.ExitCode`)."""
    debug = "--debug" in sys.argv
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe left early: not an error of ours
        sys.stderr.close()
        sys.exit(ExitCode.OK)
    except Exception as problem:
        if debug:
            raise
        sentence = _sentence(problem)
        render.error(sentence)
        sys.exit(sentence.exit_code)


def _sentence(problem: Exception) -> PricemonError:
    if isinstance(problem, PricemonError):
        return problem
    from pricemon.cloud.explain import explain

    return explain(problem) or PricemonError(
        f"unexpected {type(problem).__name__}: {problem}",
        hint="run again with --debug for the traceback, and report it if it is ours",
    )
