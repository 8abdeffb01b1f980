"""A trial of a product's rules: judged as the stream processor would, and nothing marked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from pricemon.core import alerts
from pricemon.core.alerting import facts, groups, past, rule_report
from pricemon.core.alerting.changes import price_of
from pricemon.core.alerting.quiet import quiet_until
from pricemon.core.alerting.rule_case import percent
from pricemon.core.alerting.rulebook import effective_rules
from pricemon.core.errors import PricemonError, UsageError
from pricemon.core.model import Alert, AlertKind, Known, Product, Status
from pricemon.core.rules import evaluate

if TYPE_CHECKING:
    from pricemon.core.alerting.rule_report import Line
    from pricemon.core.settings import AlertRules, Settings
    from pricemon.core.table import Table


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What would happen if the product's price were read as `price` now."""

    product: Product
    price: Decimal
    currency: str
    lines: list[Line]
    alert: Alert | None
    quiet_until: int | None
    rules: AlertRules


def judge(table: Table, settings: Settings, product_id: str, price: str | None, now: int) -> Trial:
    """Judge the product at `price` (a decimal text), or at its present one. Reads only."""
    product = table.get_product(product_id)
    if product is None:
        raise UsageError(
            f"there is no product {product_id}", hint="`pricemon products list` shows them"
        )
    after = _priced(product, price, settings, now)
    known, amount = after.known, price_of(after)
    if known is None or amount is None:
        raise PricemonError(
            f"{product_id} has no price yet", hint="name one with --price, or scrape it first"
        )
    rules = effective_rules(after, settings)
    state = table.alert_state(product_id)
    since = known.observed_at
    if price is None and known.price_since:
        since = min(since, known.price_since)
    gathered = facts.gather(
        past.read(table.rows, product_id, currency=amount[1], since=1, until=since - 1),
        price=amount[0],
        at=since,
        days=rules.lowest_in_days,
        group=_offers(table, product, amount[1]) if rules.lowest_in_group else (),
    )
    standing = frozenset(AlertKind) if price is None else None
    found = evaluate(product, after, state, gathered, rules, only=standing, at=now)
    return Trial(
        product=after,
        price=amount[0],
        currency=amount[1],
        lines=rule_report.report(product, state, gathered, rules, found),
        alert=found.alerts[0] if found.alerts else None,
        quiet_until=quiet_until(rules.quiet_hours, now),
        rules=rules,
    )


def send(sns: Any, topic_arn: str, trial: Trial, locale: str) -> None:
    """Publish the trial's alert, or a made-up one, marked as a test. Nothing is remembered."""
    alert = trial.alert or _made_up(trial)
    tested = replace(
        alert,
        alert_id=f"test-{alert.alert_id}"[:40],
        title=f"[test] {alert.title or alert.product_id}",
        why=f"a test, sent by hand; {alert.why}",
    )
    entry = alerts.message(tested, locale=locale).entry("test")
    del entry["Id"]
    sns.publish(TopicArn=topic_arn, **entry)


def _priced(product: Product, price: str | None, settings: Settings, now: int) -> Product:
    """The product as it would be if `price` were read now."""
    if price is None:
        return product
    try:
        amount = Decimal(price)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise UsageError(f"not a price: {price}", hint="a decimal such as 199.90")
    known = product.known or Known(observed_at=0, status=Status.OK)
    shop = settings.retailers.get(product.retailer)
    currency = known.currency or product.overrides.get("currency") or (shop and shop.currency)
    if not currency:
        raise PricemonError(
            f"the currency of {product.product_id} is not known",
            hint="scrape it first, or set the retailer's currency in the config",
        )
    read = replace(
        known,
        observed_at=max(now, known.observed_at + 1),
        status=Status.OK,
        price=amount,
        currency=str(currency),
        price_since=None,
        held=None,
    )
    return replace(product, known=read)


def _offers(table: Table, product: Product, currency: str) -> list[Decimal]:
    if product.group is None:
        return []
    members = groups.Groups(table.rows).members(product.group)
    return list(groups.offers(members, besides=product.product_id, currency=currency))


def _made_up(trial: Trial) -> Alert:
    product, reference = trial.product, trial.price
    for line in trial.lines:
        if line.kind is AlertKind.DROP_PERCENT and line.fires_at and trial.rules.drop_percent:
            reference = line.fires_at * 100 / (100 - trial.rules.drop_percent)
    return Alert(
        alert_id="made-up",
        kind=AlertKind.DROP_PERCENT,
        product_id=product.product_id,
        retailer=product.retailer,
        url=product.url,
        title=product.title or (product.known.page_title if product.known else None),
        currency=trial.currency,
        new_price=trial.price,
        old_price=None,
        reference_price=reference,
        change_percent=percent(reference, trial.price) if reference else None,
        observed_at=product.known.observed_at if product.known else 0,
        availability=product.known.availability if product.known else None,
        tags=product.tags,
        why="no rule would fire now",
    )
