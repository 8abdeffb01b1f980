"""The archive: complete, the same bytes each time, and clear about what it cannot read."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from pricemon.core import archive
from pricemon.core.archive import ArchiveError, Entry
from pricemon.core.model import Job, Observation, Outcome, Page, Product
from tests.core.table_kit import BUCKET, REGION, client
from tests.core.test_items import observations, products

HOUR = 3_600_000
EIGHT = 1_800_000_000_000  # 2027-01-15 08:00 UTC
SEEN = Observation(
    product_id="p1", timestamp=EIGHT, retailer="shop-a", run_id="run", outcome=Outcome.FAILED
)

entries = st.builds(Entry, observation=observations, product=st.none() | products)


def unpacked(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(body).splitlines()]


@given(st.lists(entries, max_size=5))
def test_everything_comes_back_from_the_archive(batch: list[Entry]) -> None:
    """Observations and whole product rows: the archive alone can rebuild the table."""
    found = list(archive.decode(archive.encode(batch), key="k"))
    assert len(found) == len(batch)
    assert all(entry in found for entry in batch)


@given(st.permutations(range(5)))
def test_the_same_batch_is_the_same_bytes(order: list[int]) -> None:
    """Writing a batch again, in whatever order its jobs ended, adds nothing."""
    batch = [
        Entry(observation=replace(SEEN, product_id=f"p{n % 3}", timestamp=n)) for n in range(5)
    ]
    assert archive.encode(batch[n] for n in order) == archive.encode(batch)


def test_a_line_is_flat_and_says_its_schema() -> None:
    (line,) = unpacked(archive.encode([Entry(observation=SEEN)]))
    assert line["schema"] == 1
    assert line["time"] == "2027-01-15T08:00:00.000+00:00"
    assert {k for k, v in line.items() if isinstance(v, dict | list)} == set()
    # absent values are there as null, so that every line has the same columns
    assert set(Observation.__slots__) < set(line)


def test_one_object_for_a_batch_by_day_and_hour() -> None:
    later = replace(SEEN, timestamp=EIGHT + HOUR)
    other = replace(SEEN, product_id="p2")
    with mock_aws():
        s3 = client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        one = archive.write(s3, BUCKET, [Entry(observation=SEEN), Entry(observation=other)])
        again = archive.write(s3, BUCKET, [Entry(observation=other), Entry(observation=SEEN)])
        two = archive.write(s3, BUCKET, [Entry(observation=SEEN), Entry(observation=later)])
        assert len(one) == 1
        assert one == again
        assert [key.rpartition("/")[0] for key in two] == [
            "prices/dt=2027-01-15/hour=08",
            "prices/dt=2027-01-15/hour=09",
        ]
        keys = list(archive.objects(s3, BUCKET))
        assert sorted(keys) == keys == sorted({*one, *two})
        assert list(archive.objects(s3, BUCKET, since=EIGHT + HOUR)) == two[1:]
        assert two[1] not in list(archive.objects(s3, BUCKET, until=EIGHT + 5))
        assert {e.observation for e in archive.read(s3, BUCKET, one[0])} == {SEEN, other}


WHOLE = archive.encode([Entry(observation=replace(SEEN, timestamp=EIGHT + n)) for n in range(200)])


def line(**changes: Any) -> bytes:
    values = unpacked(archive.encode([Entry(observation=SEEN)]))[0] | changes
    present = {name: value for name, value in values.items() if value is not ...}
    return gzip.compress(json.dumps(present).encode(), mtime=0)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (WHOLE[:-20], "k is truncated"),
        (WHOLE[:5], "k is truncated"),
        (b"PK\x03\x04 a zip", "k is no archive object of pricemon"),
        (WHOLE[:40] + b"\x00\xff" * 9 + WHOLE[60:], "k is no archive object"),
        (gzip.compress(b"\xff\xfe", mtime=0), "k is no archive object"),
        (gzip.compress(b"hello\n", mtime=0), "k, line 1 is not an observation"),
        (gzip.compress(b'{"a": 1}\n', mtime=0), "k, line 1 is not an observation"),
        (gzip.compress(b"[]\n", mtime=0), "k, line 1 is not an observation"),
        (line(schema=2), "k, line 1 is of schema 2, newer than this pricemon's 1"),
        (line(schema="x"), "k, line 1 is not an observation"),
        (line(price=1.5), "k, line 1 is not an observation"),
        (line(price="cheap"), "k, line 1 is not an observation"),
        (line(outcome="lost"), "k, line 1 is not an observation"),
        (line(timestamp=...), "k, line 1 is not an observation"),
        (line(timestamp=True), "k, line 1 is not an observation"),
        (line(product="{}"), "k, line 1: the table's row ? / ? is malformed"),
        (line(product="[1]"), "k, line 1 is not an observation"),
    ],
)
def test_what_cannot_be_read_says_why(body: bytes, says: str) -> None:
    with pytest.raises(ArchiveError) as caught:
        list(archive.decode(body, key="k"))
    assert caught.value.message.startswith(says)


def test_unknown_fields_are_ignored() -> None:
    assert list(archive.decode(line(shade="blue"), key="k")) == [Entry(observation=SEEN)]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
def test_any_product_id_makes_a_key(product_id: str) -> None:
    key = archive.page_key(product_id, EIGHT)
    assert key.startswith("failures/dt=2027-01-15/")
    assert key.count("/") == 2
    assert key.isascii()
    assert len(key) < 300
    assert key != archive.page_key(product_id + "x", EIGHT)


def test_a_failed_page_is_kept_up_to_a_size() -> None:
    job = Job(product_id="a/b", retailer="r", url="u", run_id="", requested_at=EIGHT)
    huge = Page(url="https://s.test/ü?q=1", status=200, body=b"x" * (archive.MAX_PAGE_BYTES + 1))
    with mock_aws():
        s3 = client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        key = archive.save_page(s3, BUCKET, job, huge, reason="no_price")
        kept = s3.get_object(Bucket=BUCKET, Key=key)
    assert key == f"failures/dt=2027-01-15/a%2Fb-{EIGHT}.html.gz"
    assert len(gzip.decompress(kept["Body"].read())) == archive.MAX_PAGE_BYTES
    assert kept["Metadata"] == {"url": "https://s.test/%C3%BC?q=1", "reason": "no_price"}


def test_a_product_row_is_in_its_line() -> None:
    product = Product(product_id="p1", retailer="shop-a", url="u", overrides={"target_price": 5})
    (found,) = archive.decode(archive.encode([Entry(observation=SEEN, product=product)]), key="k")
    assert found.product == product
