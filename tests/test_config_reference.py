"""The files that ship: they load, and the reference shows every option with its true default."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from pricemon import config
from pricemon._config import shops
from pricemon._config.problems import _stripped

REFERENCE = yaml.safe_load(config.packaged("reference.yaml").read_text(encoding="utf-8"))


def options(
    model: type[BaseModel], path: str, section: Any
) -> Iterator[tuple[str, Any, type[BaseModel], str]]:
    """Every option below `model`: its path, its section in the reference, and its declaration."""
    for name, field in model.model_fields.items():
        where = f"{path}.{name}".lstrip(".")
        yield where, section, model, name
        inner = _stripped(field.annotation)
        below = section.get(name) if isinstance(section, dict) else None
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            if inner is not shops.AlertOptions:  # an overlay: the options are those of `alerts`
                yield from options(inner, where, below)
        elif where == "retailers":
            yield from options(shops.Retailer, f"{where}.shop-a", section[name]["shop-a"])
        elif where == "subscriptions":
            yield from options(shops.Subscription, f"{where}[0]", section[name][0])


ALL = list(options(config.Config, "", REFERENCE))
EXAMPLES = {"retailers", "tag_alerts", "subscriptions"}


@pytest.mark.parametrize(
    ("section", "model", "name"), [case[1:] for case in ALL], ids=[case[0] for case in ALL]
)
def test_the_reference_shows_every_option_at_its_default(section, model, name):
    assert isinstance(section, dict), "its section is not in the reference"
    assert name in section
    field = model.model_fields[name]
    if field.is_required() or name in EXAMPLES:
        return
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        assert type(default).model_validate(section[name]) == default
    else:
        assert section[name] == (list(default) if isinstance(default, tuple) else default)


def test_every_option_is_described():
    bare = [where for where, _, model, name in ALL if not model.model_fields[name].description]
    assert bare == []


def test_the_reference_without_its_examples_is_the_default_config():
    bare = {k: v for k, v in REFERENCE.items() if k not in {*EXAMPLES, "environments"}}
    assert config.loads(yaml.safe_dump(bare)) == config.Config()


def test_the_reference_loads_in_each_of_its_environments():
    path = config.packaged("reference.yaml")
    assert config.load(path, None).is_local
    prod = config.load(path, "prod")
    assert (prod.env, prod.region) == ("prod", "eu-central-1")
    assert prod.table.deletion_protection


def test_the_reference_has_no_tabs_and_fits_a_line():
    text = config.packaged("reference.yaml").read_text(encoding="utf-8")
    assert "\t" not in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_starter_is_the_config_of_a_folder_that_has_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert config.find(None) == config.packaged("pricemon.yaml")
    starter = config.load(None, None)
    assert starter.is_local
    assert list(starter.retailers) == ["books"]
    assert not starter.warnings
    (tmp_path / "pricemon.yaml").write_text("retailers: {mine: {hosts: mine.example}}\n")
    assert list(config.load(None, None).retailers) == ["mine"]


def test_the_starters_commented_examples_are_valid_once_uncommented():
    text = config.packaged("pricemon.yaml").read_text(encoding="utf-8")
    whole = re.sub(r"^( *)# ( *(?:- )?[\w-]+:( |$))", r"\1\2", text, flags=re.MULTILINE)
    prod = config.loads(whole, "prod")
    assert prod.region == "eu-central-1"
    assert prod.alerts.quiet_hours == "22:00-07:00 Europe/Berlin"
    assert prod.subscriptions[0].protocol == "email"
    assert prod.retailers["shop-a"].locale == "de-DE"
