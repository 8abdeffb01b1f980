"""What `export` writes, `import` reads back as the same products, in both formats."""

import contextlib
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricemon.core import catalogue, catalogue_files
from pricemon.core.errors import UsageError
from pricemon.core.model import Product

HOSTS = {"shop-a": ("shop-a.example",)}

_words = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), min_size=1, max_size=12
)
_titles = st.lists(_words, min_size=1, max_size=5).map(" ".join)
_items = st.lists(
    _words.filter(lambda word: not set(word) & set(",;|")), max_size=4, unique=True
).map(tuple)
_money = st.decimals("0.01", "99999", places=2).map(lambda d: f"{d.normalize():f}")
_alerts = st.fixed_dictionaries(
    {},
    optional={
        "drop_percent": _money,
        "back_in_stock": st.booleans(),
        "cooldown": st.integers(0, 10**6),
        "quiet_hours": st.just("22:00-07:00 Europe/Berlin"),
    },
).filter(bool)
_rules = st.fixed_dictionaries(
    {"price": st.fixed_dictionaries({"css": _titles}, optional={"attribute": _words})},
    optional={"prefer": st.sampled_from(["low", "new"])},
)
_overrides = st.fixed_dictionaries(
    {},
    optional={
        "target_price": _money,
        "currency": st.sampled_from(["EUR", "JPY", "KWD"]),
        "alerts": _alerts,
        "rule": _rules,
    },
)
_products = st.builds(
    Product,
    product_id=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:~+=@/-]{0,20}", fullmatch=True),
    retailer=st.just("shop-a"),
    url=st.integers(0).map(lambda n: f"https://shop-a.example/p?n={n}&q=ä#x"),
    title=st.none() | _titles,
    tags=_items,
    enabled=st.booleans(),
    group=st.none() | _titles,
    identifiers=_items,
    overrides=_overrides,
)
_catalogues = st.lists(_products, max_size=8, unique_by=(lambda p: p.product_id, lambda p: p.url))


def _read(text: str) -> list[catalogue.Row]:
    return list(catalogue.parse(io.BytesIO(text.encode()), HOSTS))


@pytest.mark.parametrize("write", [catalogue_files.write_csv, catalogue_files.write_json_lines])
@settings(max_examples=150, deadline=None)
@given(products=_catalogues)
def test_an_export_is_imported_as_the_same_products(
    write: Callable[[Any, io.StringIO], None], products: list[Product]
) -> None:
    out = io.StringIO()
    write(map(catalogue.plain, products), out)
    if not out.getvalue():
        return  # no products are no lines of JSON
    rows = _read(out.getvalue())
    assert [row.problems for row in rows if row.problems] == []
    assert [row.product for row in rows] == products
    changes = catalogue.diff(products, rows)
    assert (changes.added, changes.changed, changes.clashes) == ((), (), ())


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=300))
def test_any_bytes_give_rows_or_a_usage_error(content: bytes) -> None:
    for prefix in (b"", b"id,url\n", b"{"):
        with contextlib.suppress(UsageError):
            for row in catalogue.parse(io.BytesIO(prefix + content), HOSTS):
                assert (row.product is None) == bool(row.problems)


@settings(max_examples=150, deadline=None)
@given(
    values=st.dictionaries(
        st.sampled_from(catalogue_files.COLUMNS),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["price", "css", "below", "x"]), inner, max_size=3
                )
            ),
            max_leaves=5,
        ),
    )
)
def test_any_json_object_gives_a_product_or_its_problems(values: dict[str, Any]) -> None:
    line = json.dumps({"product_id": "1", "url": "https://shop-a.example/1", **values})
    (row,) = _read(line)
    assert (row.product is None) == bool(row.problems)
