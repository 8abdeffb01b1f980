"""The scraper with everything real but AWS (moto): a shop on loopback, a queue to receive from."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aws_lambda_powertools import Logger
from moto import mock_aws

from lambda_src.scraper.worker import Worker
from pricemon.core import messages
from pricemon.core.fetch import Fetcher
from pricemon.core.model import Job, Product
from pricemon.core.settings import (
    FetchSettings,
    JudgeSettings,
    RetailerSettings,
    Settings,
    Wiring,
)
from pricemon.core.table import Table
from tests.core.table_kit import BUCKET, REGION, TABLE, client, create_table, no_sleep

NAMESPACE = "PriceMonitor/test"
NOW = 1_800_000_000.0
"""Epoch seconds; the clock of a test stands still unless the test moves it."""

Answer = tuple[int, dict[str, str], bytes]


def page(price: str, currency: str = "EUR", *, etag: str | None = None) -> Answer:
    """A product page with JSON-LD."""
    offer = {"@type": "Offer", "price": price, "priceCurrency": currency}
    data = {"@context": "https://schema.org", "@type": "Product", "name": "Thing", "offers": offer}
    offer["availability"] = "https://schema.org/InStock"
    html = (
        f'<html><head><title>Thing</title><script type="application/ld+json">{json.dumps(data)}'
        f"</script></head><body><h1>Thing</h1><p>{'words ' * 50}</p></body></html>"
    )
    headers = {"Content-Type": "text/html; charset=utf-8"} | ({"ETag": etag} if etag else {})
    return 200, headers, html.encode()


@dataclass
class Shop:
    """A shop on loopback. `pages` maps paths to answers, or to functions of the request headers."""

    pages: dict[str, Answer | Callable[[Any], Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def asked_for(self, path: str) -> int:
        return self.asked.count(path)


@contextmanager
def shop() -> Iterator[Shop]:
    served = Shop()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served.asked.append(self.path)
            answer = served.pages.get(self.path, (404, {}, b"not here"))
            status, headers, body = answer(self.headers) if callable(answer) else answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Kit:
    """A worker and its surroundings."""

    worker: Worker
    table: Table
    shop: Shop
    sqs: Any
    s3: Any
    now: float = NOW

    def add(self, *product_ids: str, retailer: str = "shop-a", **fields: Any) -> None:
        """Put products into the catalogue, whose pages are `/{product_id}`."""
        self.table.put_catalogue(
            new=[
                Product(product_id=p, retailer=retailer, url=f"{self.shop.url}/{p}", **fields)
                for p in product_ids
            ]
        )

    def job(self, product_id: str, at: int = int(NOW) * 1000, run_id: str = "") -> Job:
        return Job(
            product_id=product_id,
            retailer="shop-a",
            url=f"{self.shop.url}/{product_id}",
            run_id=run_id,
            requested_at=at,
        )

    def run(
        self, *bodies: str | Job, receives: int = 1, remaining_millis: float = 60_000
    ) -> list[int]:
        """Deliver messages as one batch; returns the places of those handed back."""
        records = [
            record(body, number=number, receives=receives) for number, body in enumerate(bodies)
        ]
        failed = self.worker.process(
            records, remaining_millis=remaining_millis, request_id="request-1"
        )
        return sorted(int(message_id) for message_id in failed)

    def messages(self, url: str) -> list[dict[str, Any]]:
        """Receive and delete all of a queue's visible messages."""
        found = []
        while got := self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            for message in got:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found += got
        return found

    @property
    def dead(self) -> list[dict[str, Any]]:
        return self.messages(self.worker.wiring.dlq_url)

    @property
    def queued(self) -> list[dict[str, Any]]:
        return self.messages(self.worker.wiring.queue_url)

    def archived(self) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return [found["Key"] for found in listed]


def record(body: str | Job, *, number: int = 0, receives: int = 1) -> dict[str, Any]:
    """An SQS event record."""
    return {
        "messageId": str(number),
        "receiptHandle": "",
        "body": body if isinstance(body, str) else messages.job_body(body),
        "attributes": {
            "ApproximateReceiveCount": str(receives),
            "SentTimestamp": str(int(NOW) * 1000),
        },
    }


def settings(shop_url: str, **retailer: Any) -> Settings:
    host = shop_url.removeprefix("http://")
    fields = {"rate": 1000.0, "concurrency": 8, "robots": False} | retailer
    shop_a = RetailerSettings(name="shop-a", hosts=(host,), allow_private_addresses=True, **fields)
    return Settings(
        env="test",
        retailers={"shop-a": shop_a},
        fetch=FetchSettings(retries=0, total_timeout=5, threads=8),
        judge=JudgeSettings(),
    )


@contextmanager
def scraper(**retailer: Any) -> Iterator[Kit]:
    """A worker in an AWS of its own, with an empty catalogue and an empty shop."""
    with mock_aws(), shop() as served:
        dynamodb, sqs, s3 = client("dynamodb"), client("sqs"), client("s3")
        create_table(dynamodb)
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        wiring = Wiring(
            table=TABLE,
            bucket=BUCKET,
            queue_url=sqs.create_queue(QueueName="scraping")["QueueUrl"],
            dlq_url=sqs.create_queue(QueueName="dlq")["QueueUrl"],
            metrics_namespace=NAMESPACE,
        )
        chosen = settings(served.url, **retailer)
        with Fetcher(chosen.fetch) as fetcher:
            kit = Kit(
                worker=None,  # type: ignore[arg-type]  # set below: its clock is the kit's
                table=Table(dynamodb, TABLE, sleep=no_sleep),
                shop=served,
                sqs=sqs,
                s3=s3,
            )
            kit.worker = Worker(
                settings=chosen,
                wiring=wiring,
                dynamodb=dynamodb,
                s3=s3,
                sqs=sqs,
                fetcher=fetcher,
                logger=Logger(service="scraper", level="CRITICAL"),
                clock=lambda: kit.now,
                sleep=no_sleep,
            )
            yield kit
