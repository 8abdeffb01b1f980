"""Which rules hold for a product: the more particular lie over the more general."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from pricemon.core.alerting.rulebook import effective_rules
from pricemon.core.errors import GiveUp
from pricemon.core.model import Product
from pricemon.core.settings import AlertRules, RetailerSettings, Settings

SETTINGS = Settings(
    env="test",
    retailers={
        "shop": RetailerSettings(
            name="shop", hosts=("s.test",), alerts={"rise_percent": "20", "cooldown": 60}
        )
    },
    alerts=AlertRules(drop_percent=Decimal(10), rise_percent=Decimal(50), cooldown=10),
    tag_alerts={"hot": {"cooldown": 0, "drop_percent": 5}, "cold": {"drop_percent": None}},
)


def rules(**changes: Any) -> AlertRules:
    product = Product(product_id="p", retailer="shop", url="https://s.test/p")
    values = {name: changes.get(name, getattr(product, name)) for name in Product.__slots__}
    return effective_rules(Product(**values), SETTINGS)


def test_defaults_of_a_shop_without_rules() -> None:
    assert rules(retailer="another") == SETTINGS.alerts


def test_the_shop_s_lie_over_the_defaults() -> None:
    assert rules() == AlertRules(drop_percent=Decimal(10), rise_percent=Decimal(20), cooldown=60)


def test_the_tags_over_the_shop_s_in_the_product_s_order() -> None:
    assert rules(tags=("hot",)).drop_percent == 5
    assert rules(tags=("hot",)).cooldown == 0
    assert rules(tags=("hot", "cold")).drop_percent is None
    assert rules(tags=("cold", "hot")).drop_percent == 5
    assert rules(tags=("unknown",)) == rules()


def test_the_product_s_own_over_all() -> None:
    own = {"target_price": Decimal("19.9"), "alerts": {"drop_percent": 30, "cooldown": Decimal(7)}}
    found = rules(tags=("hot",), overrides=own)
    assert (found.below, found.drop_percent, found.cooldown) == (Decimal("19.9"), Decimal(30), 7)
    assert isinstance(found.cooldown, int)


def test_a_rule_below_is_more_particular_than_the_target_price() -> None:
    assert rules(overrides={"target_price": "20", "alerts": {"below": "15"}}).below == 15


def test_what_the_catalogue_keeps_beside_rules_is_none() -> None:
    assert rules(overrides={"currency": "USD", "rule": {"price": {"css": ".p"}}}) == rules()


@pytest.mark.parametrize(
    "overrides",
    [
        {"target_price": "cheap"},
        {"target_price": "NaN"},
        {"alerts": {"drop_percent": "-Infinity"}},
        {"alerts": {"cooldown": "soon"}},
        {"alerts": {"luck": 1}},
        {"alerts": "all"},
        {"alerts": {"below": [1]}},
    ],
    ids=str,
)
def test_nonsense_is_given_up_by_name(overrides: dict[str, Any]) -> None:
    with pytest.raises(GiveUp, match="alert rules of p"):
        rules(overrides=overrides)
