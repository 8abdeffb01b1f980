"""The way to AWS: clients, who we are, and the one place that every provisioning call goes through.

For a cloud environment this is boto3 as the user has configured it (profiles, SSO, assumed roles,
`AWS_ENDPOINT_URL`, retries, FIPS); nothing is put in its way.
"""

from __future__ import annotations

import contextvars
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError

from pricemon.cloud import patience as waits
from pricemon.cloud.answers import is_absent, is_taken
from pricemon.cloud.healing import healing
from pricemon.cloud.patience import OnWait, Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")

SERVICES = (
    *("cloudwatch", "dynamodb", "iam", "lambda", "logs", "s3", "scheduler", "sns", "sqs", "sts"),
)
"""Those a stack is made of, for `Aws.warm`."""

_PARALLEL = 32

_on_wait: contextvars.ContextVar[OnWait | None] = contextvars.ContextVar("on_wait", default=None)
_in_gather: contextvars.ContextVar[bool] = contextvars.ContextVar("in_gather", default=False)


class TakenError(Exception):
    """Someone else made it first: read it again instead of creating it."""


class Stopped(BaseException):
    """The run was interrupted while this thread waited."""


class Aws:
    """One account and region, seen through clients that are made once and shared by threads.

    `endpoint_url` and `credentials` are for the embedded AWS; a cloud needs neither. `session` lets
    a test hook into boto3's events.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
        credentials: tuple[str, str] | None = None,
        session: boto3.Session | None = None,
        patience: Patience | None = None,
    ) -> None:
        key, secret = credentials or (None, None)
        self._session = session or boto3.Session(
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            region_name=region,
            profile_name=profile,
        )
        self.endpoint_url = endpoint_url
        self._stopped = threading.Event()
        self._patience = patience or Patience(sleep=self._sleep)
        self._clients: dict[str, Future[Any]] = {}
        self._lock = threading.Lock()
        self._first = threading.Lock()
        self._loaded = False
        self._calls = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="aws-call")

    def client(self, service: str) -> Any:
        """The service's client. Made on first use, by one thread, however many ask."""
        with self._lock:
            future = self._clients.get(service)
            mine = future is None
            if future is None:
                future = self._clients[service] = Future()
        if mine:
            try:
                future.set_result(self._make(service))
            except BaseException as problem:  # noqa: BLE001 - whoever waits for the client gets it
                with self._lock:
                    del self._clients[service]
                future.set_exception(problem)
        return future.result()

    def warm(self, services: Iterable[str] = SERVICES) -> None:
        """Begin to make clients in the background, in parallel; `client` waits for its own."""
        for service in services:
            self._calls.submit(self.client, service)

    def _make(self, service: str) -> Any:
        with self._first:  # a session is safe for threads only after it has loaded its own parts
            if not self._loaded:
                client = self._session_client(service)
                self._loaded = True
                return client
        return self._session_client(service)

    def _session_client(self, service: str) -> Any:
        config = ClientConfig(max_pool_connections=_PARALLEL)
        return self._session.client(service, endpoint_url=self.endpoint_url, config=config)

    @cached_property
    def _identity(self) -> dict[str, str]:
        return dict(self.call("sts", "get_caller_identity"))

    @property
    def account(self) -> str:
        """The account's id."""
        return self._identity["Account"]

    @property
    def caller(self) -> str:
        """The ARN of whoever the credentials are."""
        return self._identity["Arn"]

    @property
    def partition(self) -> str:
        """The partition, such as `aws`, `aws-cn` or `aws-us-gov`."""
        return self.caller.split(":")[1]

    @property
    def region(self) -> str:
        """The region's name, from the environment's config or from boto3's own configuration."""
        return str(self.client("sts").meta.region_name)

    def arn(self, service: str, resource: str, *, regional: bool = True) -> str:
        """An ARN of this account, for services that build theirs from names."""
        region = self.region if regional else ""
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}"

    def call(self, service: str, operation: str, **parameters: Any) -> Any:
        """One AWS operation, repeated while its error is one that heals.

        Raises `TakenError` when a creation finds that the thing exists already, the client's own
        error when that is permanent, `PricemonError` when waiting did not help.
        """
        method = getattr(self.client(service), operation)
        try:
            return waits.retry(
                lambda: method(**parameters),
                lambda error: healing(service, operation, error),
                patience=self._patience,
                on_wait=_on_wait.get(),
            )
        except ClientError as error:
            if is_taken(service, operation, error):
                raise TakenError from error
            raise

    def create(
        self,
        wait_until_gone: Callable[[Aws], None],
        service: str,
        operation: str,
        **parameters: Any,
    ) -> Any:
        """As `call`, for what may still be there because its deletion takes time."""
        try:
            return self.call(service, operation, **parameters)
        except TakenError:
            wait_until_gone(self)
            return self.call(service, operation, **parameters)

    def find(self, service: str, operation: str, **parameters: Any) -> Any | None:
        """As `call`, with `None` for what is not there."""
        try:
            return self.call(service, operation, **parameters)
        except ClientError as error:
            if is_absent(service, error):
                return None
            raise

    def pages(self, service: str, operation: str, key: str, **parameters: Any) -> Iterator[Any]:
        """The items under `key` of every page of a listing."""
        for page in self.client(service).get_paginator(operation).paginate(**parameters):
            yield from page.get(key) or ()

    def listed(self, service: str, operation: str, key: str, **parameters: Any) -> list[Any] | None:
        """All of `pages`, with `None` for a listing of something that is not there."""
        try:
            return list(self.pages(service, operation, key, **parameters))
        except ClientError as error:
            if is_absent(service, error):
                return None
            raise

    def until(
        self,
        probe: Callable[[], T | None],
        what: str,
        *,
        budget: float = 120.0,
        first_delay: float = 0.5,
    ) -> T:
        """What `probe` gives as soon as it is not `None`; `what` completes "waiting for …"."""
        return waits.until(
            probe,
            what,
            patience=self._patience,
            budget=budget,
            first_delay=first_delay,
            on_wait=_on_wait.get(),
        )

    def pause(self) -> None:
        """Give others a moment."""
        self._patience.sleep(self._patience.delay(0, 1.0))

    def gather(self, *thunks: Callable[[], Any]) -> list[Any]:
        """The results of independent calls, made at the same time. The first error is raised."""
        if _in_gather.get() or len(thunks) < 2:  # noqa: PLR2004 - one call needs no company
            return [thunk() for thunk in thunks]
        futures = [
            self._calls.submit(contextvars.copy_context().run, _as_leaf, thunk) for thunk in thunks
        ]
        return [future.result() for future in futures]

    @contextmanager
    def telling(self, on_wait: OnWait) -> Iterator[None]:
        """Within the block, and this thread's gathered calls, waits are told to `on_wait`."""
        token = _on_wait.set(on_wait)
        try:
            yield
        finally:
            _on_wait.reset(token)

    def stop(self) -> None:
        """End the waits of every thread: the run was interrupted."""
        self._stopped.set()

    def _sleep(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise Stopped


def _as_leaf(thunk: Callable[[], T]) -> T:
    """Run in the pool; a nested `gather` then runs in place, so the bounded pool cannot starve."""
    _in_gather.set(True)
    return thunk()
