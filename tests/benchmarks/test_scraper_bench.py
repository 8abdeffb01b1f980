"""Pages per second of one scraper process, beside the bare fetch and parse of the same pages.

The shop and the embedded AWS are processes of their own; the scraper's worker runs here, as it does
in a function: batches of 25, each written to the table and the archive before the next.
"""

import multiprocessing
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
import yaml
from aws_lambda_powertools import Logger
from botocore.config import Config
from selectolax.lexbor import LexborHTMLParser

from lambda_src.scraper.worker import Worker
from pricemon import config
from pricemon.core import messages
from pricemon.core.fetch import Fetcher
from pricemon.core.model import Job, Product
from pricemon.core.settings import Wiring
from pricemon.core.table import Table
from pricemon.local import embedded, emulator
from pricemon.local.shop import Shop
from tests.core.table_kit import create_table

PRODUCTS = 1000
BATCH = 25
ROUNDS = 3


def serve(connection: Any) -> None:
    with Shop(seed=5, products=PRODUCTS) as shop:
        connection.send((shop.retailers(), list(shop.catalogue()), shop.unreadable()))
        connection.recv()


@pytest.fixture
def shop():
    """The retailers and the rows of a shop's readable pages."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    process.start()
    retailers, rows, unreadable = ours.recv()
    yield retailers, [row for row in rows if row["product_id"] not in unreadable]
    ours.send("close")
    process.join()


@pytest.fixture
def clients(tmp_path: Path):
    endpoint = embedded.ensure_started(tmp_path / "aws", emulator.free_port())

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=endpoint.url,
            region_name=endpoint.region,
            aws_access_key_id=endpoint.access_key,
            aws_secret_access_key=endpoint.secret_key,
            config=Config(max_pool_connections=32, parameter_validation=False),
        )

    yield client
    embedded.reset(tmp_path / "aws")


def worker(clients: Any, retailers: Any) -> Worker:
    dynamodb, s3, sqs = clients("dynamodb"), clients("s3"), clients("sqs")
    create_table(dynamodb, "bench")
    s3.create_bucket(Bucket="bench")
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("jobs", "dlq")]
    settings = config.loads(yaml.safe_dump({"retailers": retailers})).settings()
    return Worker(
        settings=settings,
        wiring=Wiring(table="bench", bucket="bench", queue_url=urls[0], dlq_url=urls[1]),
        dynamodb=dynamodb,
        s3=s3,
        sqs=sqs,
        fetcher=Fetcher(settings.fetch),
        logger=Logger(service="bench", level="ERROR"),
    )


def scrape(scraper: Worker, rows: list[dict[str, Any]]) -> None:
    now = time.time_ns() // 1_000_000
    for start in range(0, len(rows), BATCH):
        jobs = [
            Job(
                product_id=row["product_id"],
                retailer=row["retailer"],
                url=row["url"],
                run_id="",
                requested_at=now,
            )
            for row in rows[start : start + BATCH]
        ]
        records = [
            {"messageId": job.product_id, "body": messages.job_body(job), "attributes": {}}
            for job in jobs
        ]
        failed = scraper.process(records, remaining_millis=60_000, request_id="bench")
        assert failed == []


def bare(rows: list[dict[str, Any]]) -> None:
    pool = urllib3.PoolManager(maxsize=16, num_pools=16)

    def fetch(row: dict[str, Any]) -> None:
        page = LexborHTMLParser(pool.request("GET", row["url"]).data)
        assert page.css_first("title") is not None

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(fetch, rows))


def test_pages_per_second(shop, clients):
    retailers, rows = shop
    scraper = worker(clients, retailers)
    table = Table(scraper.dynamodb, "bench")
    table.put_catalogue(
        new=[
            Product(product_id=row["product_id"], retailer=row["retailer"], url=row["url"])
            for row in rows
        ]
    )
    bare(rows)  # the shop makes its pages once
    rates: dict[str, list[float]] = {"scraper": [], "bare": []}
    for _ in range(ROUNDS):
        for name, run in (("scraper", lambda: scrape(scraper, rows)), ("bare", lambda: bare(rows))):
            began = time.perf_counter()
            run()
            rates[name].append(len(rows) / (time.perf_counter() - began))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    sys.stdout.write(
        f"\none scraper process: {medians['scraper']:.0f} pages/s; bare fetch and parse: "
        f"{medians['bare']:.0f} pages/s; ratio {medians['scraper'] / medians['bare']:.2f}\n"
    )
