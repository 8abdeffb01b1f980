"""Saved pages with their right answers: `tests/pages/<case>/` holds page, meta and expectation.

A case's `expected.json` names price, currency, availability and reason; `list_price` where it
matters. The sample of real pages beside the checkout is read too, where it is there.
"""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pricemon.core.extract import extract
from pricemon.core.model import Page, Reading
from pricemon.core.settings import extract_rule

PAGES = Path(__file__).parents[1] / "pages"
CASES = sorted(path.parent for path in PAGES.glob("*/expected.json"))
SAMPLE = Path(__file__).parents[3] / "shared" / "pages"


def read(case: Path, *, explain: bool = False) -> Reading:
    meta = json.loads((case / "meta.json").read_text(encoding="utf-8"))
    options: dict[str, Any] = dict(meta.get("options", {}))
    if "rule" in options:
        options["rule"] = extract_rule(options["rule"])
    page = Page(
        url=meta["url"],
        status=meta.get("status", 200),
        body=(case / "page.html").read_bytes(),
        content_type=meta.get("content_type"),
    )
    return extract(page, explain=explain, **options)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_page(case):
    """Price, currency, availability and reason are exactly as a careful reader would say."""
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    reading = read(case)
    price = Decimal(expected["price"]) if expected["price"] is not None else None
    assert (reading.price, reading.currency, reading.availability, reading.reason) == (
        price,
        expected["currency"],
        expected["availability"],
        expected["reason"],
    ), reading
    if "list_price" in expected:
        assert reading.list_price == Decimal(expected["list_price"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_explaining_changes_nothing_but_the_candidates(case):
    """What is left unread where markup and text agree would not have changed the outcome."""
    short, long = read(case), read(case, explain=True)
    assert dataclasses.replace(long, candidates=()) == dataclasses.replace(short, candidates=())
    assert len(long.candidates) >= len(short.candidates)


def test_there_are_enough_cases():
    assert len(CASES) >= 60


def sample() -> list[dict[str, Any]]:
    manifest = SAMPLE / "cases.jsonl"
    if not manifest.is_file():
        return []
    return [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("truth", sample(), ids=lambda truth: truth["file"])
def test_sample_page(truth):
    """The saved shop pages of the sample are read right, or honestly refused where no price is."""
    body = (SAMPLE / truth["file"]).read_bytes()
    reading = extract(Page(url=truth["url"] or "", status=200, body=body))
    if truth["price"] is None:
        assert reading.price is None
    else:
        assert reading.price in {Decimal(price) for price in truth["price_any"]}
        assert truth["currency"] in (None, reading.currency)
    stated = (truth["availability"] or "").lower()
    assert (
        reading.availability is None
        or not stated
        or reading.availability.replace("_", "") == stated
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_reading_is_whole(case):
    """A price comes with its currency or with `no_currency`; no price comes with its reason."""
    reading = read(case)
    if reading.price is None:
        assert reading.reason is not None
        assert reading.currency is None
    else:
        assert (reading.currency is None) == (reading.reason is not None)
        assert any(one.verdict.startswith("chosen") for one in reading.candidates)
