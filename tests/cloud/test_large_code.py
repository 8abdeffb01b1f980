"""A zip over Lambda's bound for direct upload goes by the stack's own bucket."""

import pytest

from pricemon.cloud import function

pytestmark = pytest.mark.e2e


def test_a_large_zip_is_published_by_s3(embedded_world, monkeypatch):
    """Both functions are made from the bucket's objects, and nothing is pending afterwards."""
    monkeypatch.setattr(function, "_DIRECT_LIMIT", 0)
    made = embedded_world.up()
    assert {"function/price-scraper-prod", "function/stream-processor-prod"} <= {*made.created}
    bucket = embedded_world.usual.client("s3").list_objects_v2(
        Bucket=f"price-monitor-historical-prod-{embedded_world.usual.account}", Prefix="deploy/"
    )
    names = sorted(
        item["Key"].partition("/")[2].partition("-prod-")[0] for item in bucket["Contents"]
    )
    assert names == ["price-scraper", "stream-processor"]
    assert embedded_world.plan().pending == ()


def test_small_zips_are_not_staged(embedded_world):
    """The ordinary way leaves nothing in the archive's bucket."""
    embedded_world.up()
    staged = embedded_world.usual.client("s3").list_objects_v2(
        Bucket=f"price-monitor-historical-prod-{embedded_world.usual.account}", Prefix="deploy/"
    )
    assert staged["KeyCount"] == 0
