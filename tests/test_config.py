"""The config: what is refused and in which words, environments, and what reaches the functions."""

import contextlib
import copy
import dataclasses
import itertools
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from pricemon import config
from pricemon._config import shops
from pricemon._config.file import Document, parse
from pricemon.core.errors import ExitCode, UsageError
from pricemon.core.settings import (
    AlertRules,
    ExtractRule,
    FetchSettings,
    JudgeSettings,
    NotifierSettings,
    RetailerSettings,
    Settings,
    ValueRule,
)

SHOP = "retailers: {shop-a: {hosts: shop.example}}\n"


def problems(text: str, env: str | None = None) -> list[str]:
    """The problems of a config, one per line, without their common heading."""
    with pytest.raises(UsageError) as caught:
        config.loads(text, env)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint
    return [line.strip() for line in caught.value.message.splitlines()[1:]]


CASES = Path(__file__).with_name("config_refused.yaml")
REFUSED: list[dict[str, str]] = yaml.safe_load(CASES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["config"][:60])
def test_a_problem_is_named_with_its_path_what_was_found_and_what_is_valid(case):
    (found,) = problems(case["config"])
    where, _, rest = found.partition(": ")
    assert where.partition(" (line ")[0] == case["path"]
    assert rest == case["says"]
    assert "hunter2" not in found


def test_all_problems_come_in_one_message_with_their_lines():
    text = "regoin: x\nfunctions:\n  scraper:\n    timeout: 0\n    memory: 1\nenv: Prod\n"
    with pytest.raises(UsageError) as caught:
        config.loads(text, name="my.yaml")
    lines = caught.value.message.splitlines()
    assert lines[0] == "my.yaml has 4 problems:"
    assert [line.partition(": ")[0].strip() for line in lines[1:]] == [
        "regoin (line 1)",
        "functions.scraper.timeout (line 4)",
        "functions.scraper.memory (line 5)",
        "env (line 6)",
    ]


def test_what_does_not_fit_together_is_said_at_once():
    text = (
        "functions: {scraper: {timeout: 20}}\nqueues: {visibility_timeout: 5}\n"
        "subscriptions: [{protocol: email, endpoint: a@b.de, retailers: [x, y]}]"
    )
    (found,) = problems(text)
    assert [sentence.split(" ")[0] for sentence in found.split(": ", 1)[1].split("; ")[::2]] == [
        "queues.visibility_timeout",
        "fetch.total_timeout",
        "subscriptions",
    ]


def test_a_problem_of_the_base_is_reported_once_however_many_environments_share_it():
    text = "queues: {long_poll: 99}\nenvironments: {prod: {region: us-east-1}, test: {}}"
    assert len(problems(text)) == 1


BOMB = b"a: &a [0,0,0,0,0,0,0,0,0]\n" + b"".join(
    b"%c: &%c [%s]\n" % (n + 1, n + 1, b",".join([b"*%c" % n] * 9)) for n in range(97, 104)
)
WHOLE_FILE: list[tuple[bytes, str]] = [
    (b"", "x.yaml is empty"),
    (b"# only a comment\n", "x.yaml is empty"),
    (b"- a\n- b\n", "x.yaml holds a list, not options"),
    (b"just text", "x.yaml holds a single value, not options"),
    (b"a: b: c\n", "x.yaml, line 1, column 5: not YAML: mapping values are not allowed here"),
    (
        b"a:\n\tb: 1\n",
        (
            "x.yaml, line 2, column 1: not YAML: while scanning for the next token found character "
            "'\\t' that cannot start any token"
        ),
    ),
    (
        b"region: [a\n",
        (
            "x.yaml, line 2, column 1: not YAML: while parsing a flow sequence expected ',' or ']',"
            " but got '<stream end>'"
        ),
    ),
    (b"region: a\nprofile: caf\xe9\n", "x.yaml, line 2: byte 0xe9 is not UTF-8"),
    (
        b"a: !!python/object:os.system {}\n",
        (
            "x.yaml, line 1, column 4: not YAML: could not determine a constructor for the tag "
            "'tag:yaml.org,2002:python/object:os.system'"
        ),
    ),
    (
        b"? [a]\n: b\n",
        "x.yaml, line 1, column 3: not YAML: while constructing a mapping found unhashable key",
    ),
    (b"retailers: &a {b: *a}\n", "x.yaml: an alias refers to what contains it"),
    (BOMB, "x.yaml: more than 100,000 values: its aliases repeat too much"),
    (b"region: " + b"[" * 5000, "x.yaml: nested too deeply"),
    (
        b"a: 1\n--- \nb: 2\n",
        (
            "x.yaml, line 2, column 1: not YAML: expected a single document in the stream but found"
            " another document"
        ),
    ),
    (
        b"a: \x00",
        "x.yaml: not YAML: unacceptable character #x0000: special characters are not allowed",
    ),
]


@pytest.mark.parametrize(("content", "sentence"), WHOLE_FILE, ids=lambda v: repr(v)[:40])
def test_a_file_that_holds_no_options_is_refused_in_one_sentence(content, sentence, tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        config.load(path, None)
    assert caught.value.message.splitlines()[0].replace(f"{tmp_path}/", "") == sentence


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(UsageError, match="there is no config file") as caught:
        config.load(tmp_path / "none.yaml", None)
    assert caught.value.hint
    assert "pricemon init" in caught.value.hint
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        config.load(tmp_path, None)
    (tmp_path / "big.yaml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(UsageError, match="larger than"):
        config.load(tmp_path / "big.yaml", None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("22:00", "22:00"),
        ("2030-01-31", "2030-01-31"),
        ("0o17", "0o17"),
        ("1_000", 1000),
    ],
)
def test_plain_words_stay_what_they_look_like(text, value):
    """YAML 1.1 would make a boolean, a number of seconds, a date and an octal number of these."""
    assert parse(f"a: {text}", name="x").values == {"a": value}


def test_a_shop_may_be_called_no():
    assert list(config.loads("retailers: {no: {hosts: finn.no}}").retailers) == ["no"]


def test_a_byte_order_mark_and_empty_sections_are_no_problem(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfschedule:\nretailers:\nsubscriptions:\nfunctions:\n  scraper:\n")
    assert config.load(path, None) == config.Config()


# (expression, seconds between two runs)
EXPRESSIONS: list[tuple[str, int | None]] = [
    ("rate(6 hours)", 21_600),
    ("rate(1 hour)", 3600),
    ("rate(1 days)", 86_400),
    ("cron(0 */6 * * ? *)", None),
    ("cron(15,45 8-18/2 ? * MON-FRI 2026-2030)", None),
    ("cron(0 12 L * ? *)", None),
    ("cron(0 12 15W JAN,JUL ? *)", None),
    ("cron(0 12 ? * 6#3 *)", None),
    ("cron(0 12 ? * FRIL *)", None),
    ("at(2030-01-31T08:00:00)", None),
]


@pytest.mark.parametrize(("expression", "period"), EXPRESSIONS)
def test_the_schedulers_expressions_are_accepted(expression, period):
    read = config.loads(f'schedule: {{expression: "{expression}"}}')
    assert read.schedule.period == period


@pytest.mark.parametrize(
    "expression",
    [
        "rate(0 hours)", "rate(5 seconds)", "rate(-1 hours)", "rate 1 hour", "cron()",
        "cron(60 * * * ? *)", "cron(* * 32 * ? *)", "cron(* * ? * 8 *)", "cron(* * * FOO ? *)",
        "cron(9-5 * * * ? *)", "cron(*/0 * * * ? *)", "cron(* * ? * ? *)", "cron(* * * * ? 1969)",
        "at(2030-01-31)", "at(2030-01-31T08:00:00Z)", "at(2030-1-31T8:00:00)",
    ],
)  # fmt: skip
def test_other_expressions_are_refused(expression):
    (found,) = problems(f'schedule: {{expression: "{expression}"}}')
    assert found.startswith("schedule.expression")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Shop.Example", "shop.example"),
        ("shop.example:8080", "shop.example:8080"),
        ("127.0.0.1:8000", "127.0.0.1:8000"),
        ("[::1]:8000", "[::1]:8000"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_hosts_are_kept_in_the_form_urls_are_compared_with(given, kept):
    read = config.loads(f'retailers: {{a: {{hosts: "{given}"}}}}')
    assert read.retailers["a"].hosts == (kept,)


ENVIRONMENTS = """
region: us-east-1
tags: {team: pricing, tier: test}
functions: {scraper: {memory: 1024}}
retailers: {shop-a: {hosts: a.example}}
subscriptions: [{protocol: email, endpoint: a@b.de}]
environments:
  prod:
    region: eu-central-1
    tags: {tier: gold}
    functions: {scraper: {timeout: 120}}
    retailers: {shop-b: {hosts: b.example}}
    subscriptions: []
  test:
"""


def test_an_environment_is_merged_over_the_base_key_by_key():
    prod = config.loads(ENVIRONMENTS, "prod")
    assert (prod.env, prod.region, prod.is_local) == ("prod", "eu-central-1", False)
    assert prod.tags == {"team": "pricing", "tier": "gold"}
    assert (prod.functions.scraper.memory, prod.functions.scraper.timeout) == (1024, 120)
    assert list(prod.retailers) == ["shop-a", "shop-b"]
    assert prod.subscriptions == ()


def test_local_is_the_environment_where_none_is_named():
    local = config.loads(ENVIRONMENTS)
    assert (local.env, local.is_local, list(local.retailers)) == ("local", True, ["shop-a"])
    assert config.loads(ENVIRONMENTS, "test").functions.scraper.timeout == 60


def test_a_mistyped_environment_is_not_created():
    with pytest.raises(UsageError) as caught:
        config.loads(ENVIRONMENTS, "prd")
    assert caught.value.message == "config has no environment prd; it has prod, test"
    assert caught.value.hint == "did you mean --env prod?"


def test_a_file_without_environments_takes_any_name():
    assert config.loads(SHOP, "staging").env == "staging"
    assert config.loads("env: staging\n" + SHOP).env == "staging"
    assert config.loads("env: staging\n" + SHOP, "local").is_local
    assert problems(SHOP, "No Such")[0].startswith('env: found "No Such"; must be 1 to 20')


def test_the_config_cannot_be_changed():
    read = config.loads(SHOP)
    with pytest.raises(ValidationError):
        read.region = "eu-central-1"


def test_the_visibility_timeout_is_six_timeouts_and_the_window_unless_given():
    assert config.Config().visibility_timeout == 361
    given = config.loads("queues: {visibility_timeout: 90}")
    assert given.visibility_timeout == 90
    (warning,) = given.warnings
    assert warning == (
        "queues.visibility_timeout is 90 s; AWS advises six times functions.scraper.timeout plus "
        "its batch_window, 361 s"
    )


def test_what_is_allowed_and_probably_not_meant_is_warned_of():
    text = (
        "functions: {scraper: {reserved_concurrency: 2}}\n"
        "retailers: {a: {hosts: x.example}, b: {hosts: x.example}}"
    )
    throttled, shared = config.loads(text).warnings
    assert throttled == (
        "functions.scraper.reserved_concurrency is 2, below max_concurrency (10): jobs will be "
        "throttled, and count as attempts"
    )
    assert shared == "x.example is a host of a and b: their rates add up there"


CHAT = "notifier: {enabled: true, urls: [ssm:/pricemon/slack, ssm:/pricemon/ntfy], attempts: 3}"


def test_the_notifier_gets_the_names_of_its_secrets_where_it_is_enabled():
    asked = config.loads(CHAT)
    assert asked.notifier.parameters == ("/pricemon/slack", "/pricemon/ntfy")
    wanted = NotifierSettings(channels=("/pricemon/slack", "/pricemon/ntfy"), attempts=3)
    settings = asked.settings()
    assert settings.notifier == wanted
    assert Settings.from_json(settings.to_json()) == settings
    off = config.loads(CHAT.replace("true", "false")).settings()
    assert off.notifier.channels == ()


def test_a_key_of_ones_own_must_let_the_topic_reach_the_notifier():
    (warned,) = config.loads(f"kms_key: alias/prices\n{CHAT}").warnings
    assert "sns.amazonaws.com" in warned


FULL = """
retailers:
  shop-a:
    hosts: shop.example
    rate: 0.5
    currency: EUR
    locale: de-DE
    headers: {Accept-Language: de}
    cookies: {consent: "yes"}
    proxy: env:SHOP_PROXY
    max_failures: 3
    rule:
      price: .price
      currency: {css: "meta[name=c]", attribute: content}
      prefer: low
    alerts: {drop_percent: null, back_in_stock: true, below: 9.99}
  shop-b: {hosts: b.example, proxy: ssm:/pricemon/proxy}
alerts: {drop_percent: 12.5, cooldown: 3600}
tag_alerts: {audio: {drop_percent: 3}}
max_alerts_per_run: 50
table: {keep_days: 400}
queues: {max_receive_count: 5}
judge: {max_rise_percent: 300}
fetch: {threads: 4, user_agent: me}
locale: de-DE
"""


def test_the_functions_get_what_they_act_on_and_it_survives_the_journey():
    settings = config.loads(FULL).settings()
    assert settings == Settings(
        env="local",
        retailers={
            "shop-a": RetailerSettings(
                name="shop-a",
                hosts=("shop.example",),
                rate=0.5,
                currency="EUR",
                locale="de-DE",
                headers={"Accept-Language": "de"},
                cookies={"consent": "yes"},
                proxy="SHOP_PROXY",
                max_failures=3,
                rule=ExtractRule(
                    price=ValueRule(css=".price"),
                    currency=ValueRule(css="meta[name=c]", attribute="content"),
                    prefer="low",
                ),
                alerts={"drop_percent": None, "back_in_stock": True, "below": Decimal("9.99")},
            ),
            "shop-b": RetailerSettings(
                name="shop-b", hosts=("b.example",), proxy="ssm:/pricemon/proxy"
            ),
        },
        alerts=AlertRules(drop_percent=Decimal("12.5"), cooldown=3600),
        tag_alerts={"audio": {"drop_percent": Decimal(3)}},
        max_alerts_per_run=50,
        keep_days=400,
        max_receive_count=5,
        judge=JudgeSettings(max_rise_percent=Decimal(300)),
        fetch=FetchSettings(threads=4, user_agent="me"),
        locale="de-DE",
    )
    read = Settings.from_json(settings.to_json())
    assert read.fetch == settings.fetch
    assert read.judge == settings.judge
    assert read.alerts == settings.alerts
    assert read.retailers["shop-a"].rule == settings.retailers["shop-a"].rule
    assert read.to_json() == settings.to_json()


def test_the_defaults_are_those_of_the_functions():
    read = config.loads(SHOP).settings()
    assert read == Settings(
        env="local",
        retailers={"shop-a": RetailerSettings(name="shop-a", hosts=("shop.example",))},
    )


@pytest.mark.parametrize(
    ("settings", "section"),
    [
        (FetchSettings, shops.Fetch),
        (JudgeSettings, shops.Judge),
        (AlertRules, shops.AlertOptions),
        (RetailerSettings, shops.Retailer),
        (ExtractRule, shops.Rule),
        (ValueRule, shops.ValueRule),
    ],
)
def test_every_bound_of_the_functions_is_an_option(settings: Any, section):
    names = {field.name for field in dataclasses.fields(settings)} - {"name"}
    assert names == set(section.model_fields)


def test_parameters_are_those_the_scraper_must_read():
    assert config.loads(FULL).parameters == ("/pricemon/proxy",)


def test_a_reference_is_resolved_where_it_is_used():
    def read(path: str) -> str:
        return f"value of {path}"

    assert config.resolve("ssm:/a/b", parameter=read) == "value of /a/b"
    assert config.resolve("env:HOOK", parameter=read, environ={"HOOK": "https://x"}) == "https://x"
    assert config.resolve("a@b.de", parameter=read) == "a@b.de"
    with pytest.raises(UsageError, match="environment variable HOOK is not set"):
        config.resolve("env:HOOK", parameter=read, environ={})


ODD: list[Any] = [
    *(None, "", "x", 0, -1, 10**40, 1.5, float("inf"), True, "\x7f"),
    *([], {}, [[]], {"a": {}}),
]


def test_odd_values_give_a_config_or_a_usage_error():
    """Each option of the reference in turn is replaced by three of the odd values."""
    reference = yaml.safe_load(config.packaged("reference.yaml").read_text(encoding="utf-8"))
    del reference["environments"]
    values = itertools.cycle(ODD)
    for path in _paths(reference):
        for value in itertools.islice(values, 3):
            changed = copy.deepcopy(reference)
            section = changed
            for key in path[:-1]:
                section = section[key]
            section[path[-1]] = value
            with contextlib.suppress(UsageError):
                config._config(Document("x", changed), None)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else ()
    return [p for key, inner in items for p in [(*path, key), *_paths(inner, (*path, key))]]


def test_packaged_files_are_there():
    for name in ("pricemon.yaml", "reference.yaml", "products.csv"):
        assert isinstance(config.packaged(name), Path)
        assert config.packaged(name).is_file()
