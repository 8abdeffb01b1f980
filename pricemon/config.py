"""YAML → frozen `Config`: one file, one environment, every problem in one message.

A file's own options are the base; `environments:` holds, by name, what differs, merged over it key
by key. All environments are checked whichever is chosen. The sections, their defaults and limits
are in `pricemon._config`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from pricemon._config import aws, secrets, shops
from pricemon._config import types as t
from pricemon._config.file import Document, Problem, overlay, parse, read
from pricemon._config.problems import dotted, problems
from pricemon._config.section import Section
from pricemon.core import settings as core
from pricemon.core.errors import UsageError
from pricemon.core.nearest import nearest

LOCAL = "local"
DEFAULT_FILE = Path("pricemon.yaml")
_ENVIRONMENTS = "environments"


class Config(Section):
    """Everything the user decides, for one environment."""

    env: t.Env = Field(default=LOCAL, description="local, or the name of a cloud environment")
    region: t.Region | None = Field(
        default=None, description="AWS region, such as eu-central-1; null is boto3's own default"
    )
    profile: t.Text | None = Field(
        default=None, description="profile of ~/.aws/config; null is boto3's own default"
    )
    tags: dict[t.TagKey, t.TagValue] = Field(
        default={}, max_length=45, description="tags of every resource"
    )
    kms_key: t.KmsKey | None = Field(
        default=None, description="KMS key for table, bucket, queues, topic; null is AWS's own keys"
    )
    dashboard: bool = Field(default=False, description="make a CloudWatch dashboard")
    locale: t.Locale = Field(
        default="en", description="how alerts write numbers for people, such as de-DE"
    )
    max_alerts_per_run: int | None = Field(
        default=None, ge=1, description="alerts of one run; the rest come as one digest"
    )
    schedule: aws.Schedule = Field(default=aws.Schedule(), description="when to scrape")
    table: aws.TableOptions = Field(default=aws.TableOptions(), description="the table")
    queues: aws.Queues = Field(default=aws.Queues(), description="the queues")
    functions: aws.Functions = Field(default=aws.Functions(), description="the functions")
    bucket: aws.Bucket = Field(default=aws.Bucket(), description="the archive")
    alarms: aws.Alarms = Field(default=aws.Alarms(), description="CloudWatch alarms")
    fetch: shops.Fetch = Field(default=shops.Fetch(), description="bounds of one fetch")
    judge: shops.Judge = Field(default=shops.Judge(), description="bounds of belief")
    alerts: shops.DefaultAlerts = Field(
        default=shops.DefaultAlerts(), description="the alert rules of every product"
    )
    tag_alerts: dict[t.Tag, shops.AlertOptions] = Field(
        default={}, description="by product tag, what differs from `alerts`"
    )
    retailers: dict[t.RetailerName, shops.Retailer] = Field(
        default={}, description="the shops, by name"
    )
    subscriptions: tuple[shops.Subscription, ...] = Field(
        default=(), description="who hears of alerts"
    )
    notifier: shops.Notifier = Field(
        default=shops.Notifier(), description="chat and push, by Apprise"
    )
    local: aws.Local = Field(default=aws.Local(), description="the embedded AWS")

    @property
    def is_local(self) -> bool:
        """Whether the environment is the embedded AWS on this machine."""
        return self.env == LOCAL

    @property
    def visibility_timeout(self) -> int:
        """Seconds a job in flight is hidden: AWS advises six timeouts and the batch window."""
        scraper = self.functions.scraper
        derived = 6 * scraper.timeout + scraper.batch_window
        return derived if self.queues.visibility_timeout is None else self.queues.visibility_timeout

    @property
    def parameters(self) -> tuple[str, ...]:
        """Paths of the SSM parameters that the scraper reads, sorted."""
        proxies = {shop.proxy or "" for shop in self.retailers.values()}
        return tuple(sorted(p.removeprefix("ssm:") for p in proxies if p.startswith("ssm:")))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed and probably not meant, one sentence each."""
        return tuple(_warnings(self))

    def settings(self) -> core.Settings:
        """What of this the functions act on."""
        return core.Settings(
            env=self.env,
            retailers={name: _shop(name, shop) for name, shop in self.retailers.items()},
            fetch=core.FetchSettings(**self.fetch.model_dump()),
            judge=core.JudgeSettings(**self.judge.model_dump()),
            alerts=core.AlertRules(**self.alerts.model_dump()),
            tag_alerts={tag: _given(rules) for tag, rules in self.tag_alerts.items()},
            max_alerts_per_run=self.max_alerts_per_run,
            locale=self.locale,
            keep_days=self.table.keep_days,
            max_receive_count=self.queues.max_receive_count,
            notifier=core.NotifierSettings(
                channels=self.notifier.parameters if self.notifier.enabled else (),
                attempts=self.notifier.attempts,
            ),
        )

    @model_validator(mode="after")
    def _sections_fit_together(self) -> Self:
        misfits = "; ".join(_misfits(self))
        if misfits:
            raise ValueError(misfits)
        return self


def packaged(name: str) -> Path:
    """A file that ships with pricemon: `pricemon.yaml`, `reference.yaml` or `products.csv`."""
    here = Path(__file__).parent
    installed = here / "defaults" / name
    return installed if installed.exists() else here.parent / "config" / name


def find(path: Path | None) -> Path:
    """The config file to use: the one named, else ./pricemon.yaml, else the one that ships."""
    if path is not None:
        return path
    return DEFAULT_FILE if DEFAULT_FILE.exists() else packaged(DEFAULT_FILE.name)


def load(path: Path | None, env: str | None) -> Config:
    """The validated config of one environment.

    `env` of `None` takes the file's own `env`, `local` where it has none. Raises one `UsageError`
    that lists every problem of the file.
    """
    return _config(read(find(path)), env)


def loads(text: str, env: str | None = None, *, name: str = "config") -> Config:
    """As `load`, from text instead of a file."""
    return _config(parse(text, name=name), env)


def resolve(
    value: str, *, parameter: Callable[[str], str], environ: Mapping[str, str] = os.environ
) -> str:
    """The secret that `value` refers to (`env:NAME`, `ssm:/path`); anything else as it is.

    `parameter` reads an SSM parameter by its path. Raises `UsageError` for an unset variable.
    """
    kind, colon, name = value.partition(":")
    if not secrets.is_reference(value) or not colon:
        return value
    if kind == "ssm":
        return parameter(name)
    if not environ.get(name):
        raise UsageError(f"the environment variable {name} is not set", hint="the config names it")
    return environ[name]


def _config(document: Document, env: str | None) -> Config:
    values = dict(document.values)
    found = list(document.problems)
    named = _overlays(values.pop(_ENVIRONMENTS, None), found)
    default = values.pop("env", LOCAL)
    chosen = env or (default if isinstance(default, str) else LOCAL)
    configs: dict[str, Config] = {}
    for name in dict.fromkeys([chosen, *named]):
        # The file's own `env` is checked where it is the one in force.
        own = default if name == chosen and env is None else name
        merged = {**overlay(values, named.get(name, {})), "env": own}
        try:
            configs[name] = Config.model_validate(merged)
        except ValidationError as error:
            found += problems(error, Config, document, (_ENVIRONMENTS, name))
    if found:
        raise _refusal(document, found)
    if named and chosen not in {*named, default, LOCAL}:
        guess = nearest(chosen, list(named))
        raise UsageError(
            f"{document.name} has no environment {chosen}; it has {', '.join(sorted(named))}",
            hint=f"did you mean --env {guess}?" if guess else f"add it under {_ENVIRONMENTS}:",
        )
    return configs[chosen]


def _overlays(raw: Any, found: list[Problem]) -> dict[str, dict[str, Any]]:
    """The environments, by name; what is wrong with their form is added to `found`."""
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        found.append(Problem((_ENVIRONMENTS,), "must be a mapping of names to options"))
        return {}
    named: dict[str, dict[str, Any]] = {}
    for name, options in raw.items():
        if options is not None and not isinstance(options, Mapping):
            found.append(Problem((_ENVIRONMENTS, str(name)), "must be a mapping of options"))
            continue
        named[str(name)] = dict(options or {})
        for key in ("env", _ENVIRONMENTS):
            if key in named[str(name)]:
                found.append(Problem((_ENVIRONMENTS, str(name), key), "does not belong here"))
                del named[str(name)][key]
    return named


def _refusal(document: Document, found: Iterable[Problem]) -> UsageError:
    """One error for all problems, in the order of the file, each once."""
    ordered = sorted(set(found), key=lambda p: (p.line or 0, dotted(p.path)))
    count = "a problem" if len(ordered) == 1 else f"{len(ordered)} problems"
    rows = (
        f"  {dotted(p.path) or 'the config'}"
        + (f" (line {p.line})" if p.line else "")
        + f": {p.sentence}"
        for p in ordered
    )
    return UsageError(
        "\n".join([f"{document.name} has {count}:", *rows]),
        hint="`pricemon init --reference` shows every option with its default",
    )


def _misfits(config: Config) -> Iterator[str]:
    """What no section can see by itself."""
    timeout, hidden = config.functions.scraper.timeout, config.visibility_timeout
    if hidden < timeout:
        yield (
            f"queues.visibility_timeout must be at least functions.scraper.timeout, as Lambda "
            f"demands; they are {hidden} and {timeout} seconds"
        )
    if config.fetch.total_timeout >= timeout:
        yield (
            f"fetch.total_timeout must be below functions.scraper.timeout; they are "
            f"{config.fetch.total_timeout:g} and {timeout} seconds"
        )
    selections = {"subscriptions": config.subscriptions, "notifier": (config.notifier,)}
    for section, each in selections.items():
        named = {name for selection in each for name in selection.retailers}
        if unknown := sorted(named - set(config.retailers)):
            yield (
                f"{section} must name retailers of this file; {', '.join(unknown)} "
                f"{'is' if len(unknown) == 1 else 'are'} not among them"
            )


def _warnings(config: Config) -> Iterator[str]:
    scraper = config.functions.scraper
    advised = 6 * scraper.timeout + scraper.batch_window
    if config.visibility_timeout < advised:
        yield (
            f"queues.visibility_timeout is {config.visibility_timeout} s; AWS advises six times "
            f"functions.scraper.timeout plus its batch_window, {advised} s"
        )
    reserved = scraper.reserved_concurrency
    if reserved is not None and reserved < scraper.max_concurrency:
        yield (
            f"functions.scraper.reserved_concurrency is {reserved}, below max_concurrency "
            f"({scraper.max_concurrency}): jobs will be throttled, and count as attempts"
        )
    if config.notifier.enabled and config.kms_key:
        yield (
            "notifier is enabled and kms_key is set: the key's own policy must let "
            "sns.amazonaws.com use it, or no alert reaches the notifier's queue"
        )
    owners: dict[str, list[str]] = {}
    for name, shop in config.retailers.items():
        for host in shop.hosts:
            owners.setdefault(host, []).append(name)
    for host, names in owners.items():
        if len(names) > 1:
            yield f"{host} is a host of {' and '.join(names)}: their rates add up there"


def _shop(name: str, shop: shops.Retailer) -> core.RetailerSettings:
    plain = shop.model_dump(exclude={"alerts", "rule", "proxy"})
    rule = core.extract_rule(shop.rule.model_dump(exclude_defaults=True))
    return core.RetailerSettings(
        name=name,
        **plain,
        proxy=shop.proxy.removeprefix("env:") if shop.proxy else None,
        rule=None if rule == core.ExtractRule() else rule,
        alerts=_given(shop.alerts),
    )


def _given(rules: shops.AlertOptions) -> dict[str, Any]:
    """The options that were set, `null` among them: those lie over the defaults."""
    return rules.model_dump(exclude_unset=True)
