"""Operating a monitor from the command line: plan, status, outputs, dead letters, a kept table."""

import json

import pytest
from typer.testing import CliRunner

from pricemon.cli.app import app
from pricemon.core.errors import ExitCode, UsageError
from pricemon.local.shop import Shop

pytestmark = pytest.mark.e2e


@pytest.fixture
def shop():
    with Shop(seed=3, products=25) as running:
        yield running


def test_a_monitor_is_operated(desk, shop):
    """From nothing to a monitor that is watched, mended, drained and removed with its data kept."""
    pricemon = desk(shop)
    empty = pricemon("status", code=ExitCode.PENDING)
    assert empty["problems"] == ["nothing is provisioned: pricemon up creates it"]
    planned = pricemon("plan", "--exit-code", code=ExitCode.PENDING)

    made = pricemon("up")["created"]
    assert sorted(change["id"] for change in planned if change["kind"] == "create") == sorted(made)
    assert pricemon("status")["problems"] == []
    queue = pricemon("outputs")["queue/price-monitor-scraping-local"]
    assert queue["arn"].endswith(":price-monitor-scraping-local")
    assert {change["kind"] for change in pricemon("plan", "--exit-code")} == {"keep"}

    watch(pricemon, shop)
    drift(pricemon, queue["url"])
    dead_letters(pricemon, shop)

    kept = pricemon("down", "--yes", "--keep-data")["deleted"]
    assert sorted({*made} - {*kept}) == [
        "bucket/price-monitor-historical-local",
        "table/price-monitor-local",
    ]
    pricemon("up")
    assert len(pricemon("products", "list")) == len(shop.goods)  # nothing was forgotten
    pricemon("down", "--yes")
    assert pricemon("status", code=ExitCode.PENDING)["leftovers"] == []
    stray = pricemon.client("sqs").create_queue(QueueName="stray", tags={"pricemon:stack": "local"})
    (_, problem) = pricemon("status", code=ExitCode.PENDING)["problems"]
    assert problem.endswith(":stray bears this stack's tag, but is no part of it")
    pricemon.client("sqs").delete_queue(QueueUrl=stray["QueueUrl"])


def watch(pricemon, shop):
    """Products are imported and scraped; `status` counts them and names what failed."""
    rows = "".join(f"{line}\n" for line in catalogue(shop))
    pricemon("products", "import", "-", stdin=rows)
    stale = pricemon("status", code=ExitCode.PENDING)["problems"]
    assert any("have not been seen" in problem for problem in stale)
    summary = pricemon("scrape", "--now", "--wait")
    assert summary["dispatched"] == len(shop.goods)
    assert summary["failed"] == len(shop.unreadable()) > 0
    assert summary["alerts"] == 0  # a first price is news to nobody
    report = pricemon("status", code=ExitCode.PENDING)
    assert report["run"]["run_id"] == summary["run_id"]
    shops = report["retailers"].values()
    assert sum(one["ok"] for one in shops) == summary["scraped"]
    assert sum(one["failed"] for one in shops) == summary["failed"]
    assert report["problems"] == [
        f"{summary['failed']} failed jobs wait in price-monitor-dlq-local: pricemon dlq list"
    ]


def drift(pricemon, url):
    """What is changed by hand is seen by its field, and mended alone."""
    sqs = pricemon.client("sqs")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "3600"})
    (change,) = [c for c in pricemon("plan") if c["kind"] != "keep"]
    assert change["id"] == "queue/price-monitor-scraping-local"
    (field,) = change["fields"]
    assert (field["old"], field["new"]) == (3600, 86_400)
    assert pricemon("status", code=ExitCode.PENDING)["resources"][change["id"]] == "drifted"
    assert pricemon("up")["updated"] == [change["id"]]


def dead_letters(pricemon, shop):
    """Dead letters are listed, tried again as new requests, and purged only when told so."""
    letters = pricemon("dlq", "list")
    assert {x["product_id"] for x in letters} == shop.unreadable().keys()
    one = letters[0]["product_id"]
    assert [x["product_id"] for x in pricemon("dlq", "list", "--product", one)] == [one]
    would = pricemon("dlq", "redrive", "--product", one, "--dry-run")["would_redrive"]
    assert [x["product_id"] for x in would] == [one]
    assert pricemon("dlq", "redrive", "--limit", "1") == {"redriven": 1}
    with pytest.raises(UsageError, match="no terminal"):
        pricemon("dlq", "purge")
    assert pricemon("dlq", "purge", "--yes")["purged"] >= len(letters) - 1


def catalogue(shop):
    return map(json.dumps, shop.catalogue())


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (["scrape"], "say --now"),
        (["scrape", "--now", "--retailer", "nobody"], "no retailer 'nobody'"),
        (["logs", "--since", "soon"], "not a time"),
    ],
)
def test_what_can_not_be_done_is_said(desk, shop, argv, problem):
    """Exit code 2 with a sentence, before anything is sent."""
    with pytest.raises(UsageError, match=problem) as raised:
        desk(shop)(*argv)
    assert raised.value.exit_code == ExitCode.USAGE
    assert raised.value.hint


def test_a_teardown_without_a_terminal_asks_for_yes(desk, shop):
    """A prompt nobody can answer is a usage error; what would have gone is shown."""
    pricemon = desk(shop)
    pricemon("up")
    with pytest.raises(UsageError, match="no terminal"):
        CliRunner().invoke(app, ["--config", str(pricemon.config), "down"], catch_exceptions=False)
    pricemon("down", "--yes")
