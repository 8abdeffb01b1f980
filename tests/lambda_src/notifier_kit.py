"""A chat service on loopback, an SQS that notes its calls, and the alerts they are told of."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.exceptions import ClientError

from pricemon.core import alerts
from pricemon.core.model import Alert, AlertKind

ALERT = Alert(
    alert_id="0123",
    kind=AlertKind.DROP_PERCENT,
    product_id="sony-xm5",
    retailer="shop-a",
    url="https://shop-a.test/p/xm5",
    title="Sony WH-1000XM5",
    currency="EUR",
    new_price=Decimal(229),
    old_price=Decimal(279),
    reference_price=Decimal(279),
    change_percent=Decimal("-17.92"),
    observed_at=1_732_233_600_000,
    why="fell by 10 % or more",
)
BODY: str = json.loads(alerts.message(ALERT).body)["default"]


@dataclass
class Receiver:
    """What a service was told, by path; `refusing` are the paths that get a 503."""

    port: int = 0
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refusing: set[str] = field(default_factory=set)

    def url(self, path: str) -> str:
        """An Apprise URL of a channel of this service."""
        return f"json://127.0.0.1:{self.port}{path}"

    def titles(self, path: str) -> list[str]:
        return [document["title"] for told, document in self.told if told == path]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A running service."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            refused = self.path in found.refusing
            if not refused:
                found.told.append((self.path, document))
            self.send_response(503 if refused else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@dataclass
class Sqs:
    """Notes the calls; those named in `failing` fail."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)

    def __getattr__(self, operation: str) -> Any:
        def call(**parameters: Any) -> dict[str, Any]:
            if operation in self.failing:
                raise ClientError({"Error": {"Code": "InternalError", "Message": ""}}, operation)
            self.calls.append((operation, parameters))
            return {}

        return call

    def sent(self, queue_url: str) -> list[dict[str, Any]]:
        return [p for o, p in self.calls if o == "send_message" and p["QueueUrl"] == queue_url]


def record(body: str = BODY, *, message_id: str = "m1", receives: int = 1) -> dict[str, Any]:
    """A record of an SQS event."""
    return {
        "messageId": message_id,
        "receiptHandle": f"handle-{message_id}",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receives)},
    }
