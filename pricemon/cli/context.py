"""What every command shares: the options, the config, the clients, and where output goes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_type_hints

import typer

from pricemon.cli import render

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pricemon.cloud.names import Names
    from pricemon.cloud.resource import Resource
    from pricemon.cloud.session import Aws
    from pricemon.config import Config
    from pricemon.core.table import Table

_PANEL = "Options of every command"

_COMMON: dict[str, Any] = {
    "env": Annotated[
        str | None,
        typer.Option(
            "--env",
            envvar="PRICEMON_ENV",
            help="Environment: `local`, or one named in the config.",
            rich_help_panel=_PANEL,
        ),
    ],
    "config": Annotated[
        Path | None,
        typer.Option(
            "--config",
            envvar="PRICEMON_CONFIG",
            help="Config file. Default: ./pricemon.yaml, else the one that ships with pricemon.",
            rich_help_panel=_PANEL,
        ),
    ],
    "json": Annotated[
        bool | None,
        typer.Option("--json", help="Print one JSON document.", rich_help_panel=_PANEL),
    ],
    "debug": Annotated[
        bool | None,
        typer.Option("--debug", help="Show the traceback of an error.", rich_help_panel=_PANEL),
    ],
}


@dataclass
class Context:
    """One invocation of the command line. Everything expensive is made on first use."""

    env_name: str | None = None
    config_path: Path | None = None
    json: bool = False
    debug: bool = False

    @cached_property
    def config(self) -> Config:
        """The validated config of the chosen environment."""
        from pricemon import config

        return config.load(self.config_path, self.env_name)

    @property
    def env(self) -> str:
        """The environment's name."""
        return self.config.env

    @cached_property
    def aws(self) -> Aws:
        """Clients for the environment; starts the embedded AWS when that is what it names."""
        from pricemon.cloud.session import Aws

        config = self.config
        if not config.is_local:
            return Aws(region=config.region, profile=config.profile)
        from pricemon.local import embedded

        endpoint = embedded.ensure_started(config.local.data_dir, config.local.port)
        if endpoint.lost_state:
            self.talk(f"note: {embedded.LOST_STATE}")
        return Aws(
            region=endpoint.region,
            endpoint_url=endpoint.url,
            credentials=(endpoint.access_key, endpoint.secret_key),
        )

    @cached_property
    def names(self) -> Names:
        """The physical names of the environment's resources."""
        from pricemon.cloud.names import Names

        return Names(self.env, self.aws.account, self.config.bucket.suffix)

    @cached_property
    def stack(self) -> tuple[Resource, ...]:
        """The resources of the environment, as the config wishes them."""
        from pricemon.cloud import bundle, stack

        config = self.config
        settings = config.settings().to_json()

        def bundled(function: str) -> bundle.Bundle:
            options = getattr(config.functions, function)
            return bundle.build(
                function,
                settings,
                python=options.python,
                architecture="host" if config.is_local else options.architecture,
                cache_dir=bundle.user_cache_dir(),
            )

        return stack.build(config, aws=self.aws, bundles=bundled).resources

    @cached_property
    def table(self) -> Table:
        """The environment's table."""
        from pricemon.core.table import Table

        keep_days = self.config.table.keep_days
        return Table(self.aws.client("dynamodb"), self.names.table, keep_days=keep_days)

    def queue_url(self, name: str) -> str:
        """The URL of the queue called `name`. Raises the client's `QueueDoesNotExist`."""
        return cast("str", self.aws.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])

    def emit(self, data: Any, human: Callable[[], RenderableType | str]) -> None:
        """Print the result: `data` as JSON with `--json`, else what `human` returns."""
        if self.json:
            render.print_json(data)
        else:
            render.print_data(human())

    def talk(self, message: RenderableType | str) -> None:
        """Say something to the person; never mixed with the data on stdout."""
        render.talk(message)


def current(ctx: typer.Context) -> Context:
    """The invocation's `Context`."""
    return ctx.ensure_object(Context)


def share_options(app: typer.Typer) -> None:
    """Give every command of `app`, and of its groups, the options of every command.

    They may then stand before or behind the command's name; the later one wins.
    """
    for command in app.registered_commands:
        if command.callback is not None:
            command.callback = _with_common_options(command.callback)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            share_options(group.typer_instance)


def set_common(
    ctx: typer.Context,
    *,
    env: str | None,
    config: Path | None,
    json: bool | None,
    debug: bool | None,
) -> None:
    """Lay the given common options over the invocation's context."""
    context = current(ctx)
    context.env_name = env or context.env_name
    context.config_path = config or context.config_path
    context.json = context.json or bool(json)
    context.debug = context.debug or bool(debug)


def _with_common_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, whose first parameter is the `typer.Context`, with the common options added."""
    signature = inspect.signature(function)
    hints = get_type_hints(function, include_extras=True)
    own = [
        p.replace(annotation=hints.get(p.name, p.annotation)) for p in signature.parameters.values()
    ]
    missing = {name: kind for name, kind in _COMMON.items() if name not in signature.parameters}
    extra = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in missing.items()
    ]

    @functools.wraps(function)
    def command(ctx: typer.Context, *args: Any, **kwargs: Any) -> Any:
        given = {name: kwargs.pop(name) for name in missing}
        set_common(ctx, **{**dict.fromkeys(_COMMON), **given})
        return function(ctx, *args, **kwargs)

    command.__signature__ = signature.replace(parameters=[*own, *extra])  # type: ignore[attr-defined]
    command.__annotations__ = {**hints, **missing}
    return command
