"""Catalogue files: what people's spreadsheets write, what is refused by line, and what changes."""

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, cast

import pytest
import yaml

from pricemon.core import catalogue
from pricemon.core.errors import UsageError
from pricemon.core.model import Known, Product, Status

CASES = Path(__file__).with_name("catalogue_refused.yaml")
REFUSED = yaml.safe_load(CASES.read_text(encoding="utf-8"))
HOSTS = {
    "shop-a": ("shop-a.example",),
    "shop-b": ("shop-b.example", "b.example:8080"),
}
HEADER = "product_id,retailer,url,title,tags,target_price\n"
A1 = "https://shop-a.example/p/1"


def parse(text: str | bytes) -> list[catalogue.Row]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(catalogue.parse(io.BytesIO(data), HOSTS))


def products(text: str | bytes) -> list[Product]:
    rows = parse(text)
    assert [problem for row in rows for problem in row.problems] == []
    return [row.product for row in rows if row.product]


def problems(text: str | bytes) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.line, row.problems) for row in parse(text) if row.problems]


ONE = Product(
    product_id="1",
    retailer="shop-a",
    url=A1,
    title="Lamp, small",
    tags=("home", "sale"),
    overrides={"target_price": "19.9"},
)
ROW = f'1,shop-a,{A1},"Lamp, small",home;sale,19.90'
JSON = {"id": 1, "retailer": "shop-a", "url": A1, "title": "Lamp, small", "target_price": 19.9}


def delimited(delimiter: str, tags: str = "home;sale") -> str:
    """The product in a file with another delimiter, its title not quoted."""
    cells = ["1", "shop-a", A1, "Lamp, small", tags, "19.90"]
    return HEADER.replace(",", delimiter) + delimiter.join(cells)


# The same product, as different programs write it.
SPELLINGS: dict[str, str | bytes] = {
    "commas": HEADER + ROW,
    "semicolons": delimited(";", "home|sale"),
    "tabs": delimited("\t"),
    "pipes": delimited("|"),
    "byte order mark": "\ufeff" + HEADER + ROW,
    "UTF-16": (HEADER + ROW).encode("utf-16"),
    "CRLF and blank lines": f"\r\n\r\n{HEADER}\r\n,,,,,\r\n{ROW}\r\n\r\n",
    "Excel's sep line": f"sep=,\n{HEADER}{ROW}",
    "trailing delimiters": f"{HEADER.strip()},,\n{ROW},,",
    "quoted line break": HEADER + ROW.replace(", ", ",\n "),
    "other names": f"SKU;Shop;Link;Product Name;Labels;Target-Price;ID\n"
    f";shop-a;{A1};Lamp, small;home,sale;19.9;1",
    "retailer from the host": f'id,url,name,tags,target\n1,{A1},"Lamp, small",home;sale,19.9',
    "JSON Lines": json.dumps({**JSON, "tags": ["home", "sale"]}),
    "JSON Lines with text": "\n"
    + json.dumps({**JSON, "title": " Lamp,\tsmall ", "tags": "home;sale;home", "group": None})
    + "\n\n",
}


@pytest.mark.parametrize("written", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_one_product_in_every_spelling(written):
    assert products(written) == [ONE]


def test_every_column_is_read():
    text = (
        "product_id,url,currency,enabled,group,identifiers,alerts,rule\n"
        f'1,{A1},eur,no,lamps,4006381333931 | AB-1,"{{""drop_percent"": 7.50, ""cooldown"": 60}}",'
        ".price\n"
    )
    (product,) = products(text)
    assert product == Product(
        product_id="1",
        retailer="shop-a",
        url=A1,
        enabled=False,
        group="lamps",
        identifiers=("4006381333931", "AB-1"),
        overrides={
            "currency": "EUR",
            "alerts": {"drop_percent": "7.5", "cooldown": 60},
            "rule": {"price": {"css": ".price"}},
        },
    )


def test_hosts_with_ports_and_sub_domains():
    urls = ("https://www.shop-b.example/1", "http://b.example:8080/2", "http://x.b.example:8080/3")
    text = "id,url\n" + "".join(f"p{n},{url}\n" for n, url in enumerate(urls))
    assert [product.retailer for product in products(text)] == ["shop-b"] * 3


@pytest.mark.parametrize("case", REFUSED["csv"], ids=lambda case: case["says"][0][:50])
def test_a_bad_row_says_everything_that_is_wrong_with_it_and_harms_no_other(case):
    shop = "https://shop-a.example"
    text = f"{HEADER}good,shop-a,{shop}/good,,,\n{case['row']}\nfine,,{shop}/fine,,,\n"
    rows = parse(text)
    assert [(row.line, row.problems) for row in rows] == [
        (2, ()),
        (3, tuple(case["says"])),
        (4, ()),
    ]
    assert rows[1].product is None


@pytest.mark.parametrize("case", REFUSED["json"], ids=lambda case: case["says"][:50])
def test_a_bad_value_in_json(case):
    line = f'{{"product_id": "1", "url": "{A1}", "{case["key"]}": {case["value"]}}}'
    assert problems(line) == [(1, (case["says"],))]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "is not JSON: Expecting property name enclosed in double quotes"),
        ("[1]", "is not a JSON object"),
        ('{"target_price": NaN}', "is not JSON: NaN is not a number"),
        ("{" + '"a":{' * 100_000, "is not JSON: maximum recursion depth exceeded"),
    ],
)
def test_a_line_that_is_no_json_object_harms_no_other(line, sentence):
    good = json.dumps({"id": "1", "url": A1})
    rows = parse(f"{good}\n{line}\n")
    assert rows[0].product
    assert rows[1].problems[0].startswith(sentence)


def test_bytes_that_are_not_utf_8_are_named_by_line():
    text = (
        f"{HEADER}1,shop-a,{A1},ok,,\n".encode() + b"2,shop-a,https://shop-a.example/2,caf\xe9,,\n"
    )
    assert problems(text) == [(3, ("title holds byte 0xE9, which is not UTF-8",))]
    line = b'{"id": "1", "url": "https://shop-a.example/", "title": "caf\xe9"}'
    assert problems(line) == [(1, ("title holds byte 0xE9, which is not UTF-8",))]


def test_duplicates_name_the_line_before():
    text = (
        "id,url\n"
        f"1,{A1}\n"
        "2,https://SHOP-A.example:443/p/1\n"
        "1,https://shop-a.example/p/3\n"
        f"1,{A1}\n"
        f"4,{A1}#red\n"
    )
    assert problems(text) == [
        (3, ("url is that of 1 in line 2",)),
        (4, ("product_id 1 was in line 2 already",)),
        (5, ("product_id 1 was in line 2 already", "url is that of 1 in line 2")),
    ]


def test_an_invalid_row_does_not_make_the_valid_one_after_it_a_duplicate():
    text = f"id,url,target_price\n1,{A1},free\n1,{A1},5\n"
    assert problems(text) == [
        (2, ("target_price is free; it must be an amount such as 19.99, above 0",))
    ]


def test_lines_are_counted_through_quoted_line_breaks():
    text = f'{HEADER}1,shop-a,{A1},"a\nb\nc",,\n\n2,shop-a,nowhere,,,\n'
    assert problems(text) == [(6, ("url nowhere is not usable: it is neither http nor https",))]


def test_a_quotation_mark_that_is_not_closed():
    text = f'{HEADER}1,shop-a,{A1},"open,,\n2,shop-a,https://shop-a.example/2,,,\n'
    ((line, (sentence,)),) = problems(text)
    assert line == 2
    assert sentence.startswith("is not CSV:")


# Each file and what is said of it.
BAD_FILES: list[tuple[bytes, str]] = [
    (b"", "the file is empty"),
    (b"\n \n", "the file is empty"),
    (b"PK\x03\x04", "the file is a ZIP archive (Excel's .xlsx is one): save the sheet as CSV"),
    (b"\x1f\x8b\x08", "the file is gzip: unpack it first"),
    (b"[{}]", "the file is a JSON array; a catalogue has one JSON object per line"),
    (b"product_id,url,pirce\n", "line 1: unknown column 'pirce'"),
    (
        b"product_id,url,titel,zzz\n",
        "line 1: unknown column 'titel'; did you mean title?; unknown column 'zzz'",
    ),
    (b"\nproduct_id,title\n", "line 2: no column url"),
    (
        b"1,shop-a\n",
        "line 1: unknown column '1'; unknown column 'shop-a'; no column product_id; no column url",
    ),
    (b"id,sku,ean,url\n", "line 1: two columns mean identifiers"),
    (b"\xff\xfea", "the file is neither UTF-8 nor UTF-16"),
]


@pytest.mark.parametrize(("content", "sentence"), BAD_FILES, ids=lambda v: repr(v)[:40])
def test_a_file_that_is_no_catalogue(content, sentence):
    with pytest.raises(UsageError) as caught:
        parse(content)
    assert caught.value.message == sentence
    assert caught.value.hint


def test_the_stream_stays_open():
    stream = io.BytesIO(f"id,url\n1,{A1}\n".encode())
    list(catalogue.parse(stream, HOSTS))
    assert not stream.closed


KNOWN = Known(observed_at=1, status=Status.OK, price=Decimal(5), currency="EUR", etag="x")


def stored(**changes: object) -> Product:
    fields = {"product_id": "1", "retailer": "shop-a", "url": A1, "known": KNOWN, **changes}
    return Product(**fields)  # type: ignore[arg-type]


def test_a_new_an_equal_and_a_changed_row():
    text = f"id,url,title\n1,{A1},same\n2,{A1}/2,new\n3,{A1}/3,fresh\n"
    old = [stored(title="same"), stored(product_id="3", url=f"{A1}/3", title="stale")]
    changes = catalogue.diff(old, parse(text))
    assert [p.product_id for p in changes.added] == ["2"]
    assert [(p.product_id, p.title, p.known) for p in changes.changed] == [("3", "fresh", None)]
    assert changes.unchanged == ("1",)


def test_a_column_that_is_absent_leaves_what_is_stored_and_an_empty_cell_clears_it():
    old = stored(
        title="kept",
        tags=("kept",),
        enabled=False,
        overrides={"target_price": "5", "alerts": {"cooldown": 60}},
    )
    (product,) = catalogue.diff([old], parse(f"id,url,target_price\n1,{A1},\n")).changed
    assert (product.title, product.tags, product.enabled) == ("kept", ("kept",), False)
    assert product.overrides == {"alerts": {"cooldown": 60}}
    assert catalogue.diff([old], parse(f"id,url\n1,{A1}\n")).unchanged == ("1",)


def test_a_url_that_another_stored_product_has_is_a_clash_unless_that_one_moves_too():
    text = f"id,url\n2,{A1}\n"
    assert catalogue.diff([stored()], parse(text)).clashes == (
        (2, "url is that of the stored product 1"),
    )
    swapped = catalogue.diff([stored()], parse(f"{text}1,{A1}/new\n"))
    assert swapped.clashes == ()
    assert [p.product_id for p in (*swapped.added, *swapped.changed)] == ["2", "1"]


def test_change_sets_columns_and_says_what_is_wrong():
    new, wrong = catalogue.change(stored(title="old"), {"title": "", "tags": "a;b"}, HOSTS)
    assert (wrong, new.title, new.tags) == ((), None, ("a", "b"))
    old = stored()
    same, wrong = catalogue.change(old, {"url": "https://other.example/"}, HOSTS)
    assert wrong == ("url: other.example is not a host of shop-a (shop-a.example)",)
    assert same == old


@pytest.mark.parametrize(
    ("path", "taken", "product_id"),
    [
        ("catalogue/light-in-the-attic_1000/index.html", (), "light-in-the-attic_1000"),
        ("p/Lamp%20small.html?ref=1", (), "Lamp-20small"),
        ("dp/B00ABC1234/ref=sr", (), "B00ABC1234"),
        ("", (), "s.example"),
        ("product/sku-42", ("sku-42", "sku-42-2"), "sku-42-3"),
    ],
)
def test_an_id_is_suggested_from_the_url(path, taken, product_id):
    assert catalogue.suggest_id(f"https://s.example/{path}", taken) == product_id


def test_ten_thousand_rows_are_read_row_by_row():
    """Rows come as they are asked for: the file is never held whole."""
    taken: list[int] = []

    def lines():
        yield HEADER.encode()
        for n in range(10_000):
            taken.append(n)
            yield f"p{n},shop-a,https://shop-a.example/{n},Title {n},a;b,{n + 1}.99\n".encode()

    rows = catalogue.parse(cast("BinaryIO", _Stream(lines())), HOSTS)
    first = next(rows)
    assert first.product
    assert len(taken) < 1000
    assert sum(row.product is not None for row in rows) == 9_999


class _Stream(io.RawIOBase):
    """A readable stream over an iterator of lines, as a pipe would be."""

    def __init__(self, lines):
        self._lines = lines

    def readable(self):
        return True

    def readinto(self, buffer):
        line = next(self._lines, b"")
        buffer[: len(line)] = line
        return len(line)
