"""A shop that misbehaves on demand, over real sockets, and a clock that costs no time."""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import trustme

from pricemon.core.fetch import Fetcher
from pricemon.core.settings import FetchSettings, RetailerSettings

Answer = Callable[["Call"], None]


class Clock:
    """Time that passes only by sleeping; `slept` keeps what was slept."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Call:
    """One request, and the ways to answer it."""

    method: str
    target: str
    headers: dict[str, str]
    shop: "Shop"
    sock: socket.socket
    connection: int
    keep: bool = True

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def reply(self, body: bytes | str = b"", status: int = 200, /, **headers: str) -> None:
        """A whole response. Header names have `_` for `-`; `Content-Length` unless given."""
        data = body.encode() if isinstance(body, str) else body
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if status not in (204, 304):
            fields.setdefault("Content-Length", str(len(data)))
        lines = [f"HTTP/1.1 {status} Whatever", *(f"{k}: {v}" for k, v in fields.items())]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + data)

    def raw(self, *pieces: bytes) -> None:
        """Bytes as they are, then the end of the connection."""
        for piece in pieces:
            self.send(piece)
        self.keep = False

    def drip(self, data: bytes = b"x") -> None:
        """The same byte again and again, until the client has had enough."""
        while not self.shop.stopping.wait(0.01):
            self.send(data)

    def stall(self) -> None:
        """Say nothing more, ever."""
        self.shop.stopping.wait()
        self.keep = False

    def reset(self) -> None:
        """Break the connection off (RST, not FIN)."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.keep = False


@dataclass
class Shop:
    """A server whose answers are functions, by path; `*` for the rest. A list is used up in order,
    its last one stays. Without one, robots.txt is a 404 and anything else is a small page."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def url(self, path: str = "/p", *, host: str | None = None) -> str:
        authority = f"{host}:{self.port}" if host else self.authority
        return f"{'https' if self.tls else 'http'}://{authority}{path}"

    def retailer(self, **settings: Any) -> RetailerSettings:
        """Settings under which this shop may be fetched, without pauses."""
        defaults: dict[str, Any] = {
            "name": "shop",
            "hosts": (self.authority,),
            "rate": 1e6,
            "robots": False,
            "allow_private_addresses": True,
        }
        return RetailerSettings(**(defaults | settings))

    @property
    def asked(self) -> list[str]:
        """The paths requested, in order."""
        return [call.target for call in self.calls]

    def _answer(self, path: str) -> Answer:
        found = self.answers.get(path, self.answers.get("*"))
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        if found is not None:
            return found
        if path == "/robots.txt":
            return lambda call: call.reply("", 404)
        return lambda call: call.reply("<p>a page</p>", Content_Type="text/html")

    def _serve(self, raw: socket.socket, number: int) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.suppress(OSError, ValueError))
            sock = self.tls.wrap_socket(raw, server_side=True) if self.tls else raw
            stack.enter_context(contextlib.closing(sock))
            reader = stack.enter_context(sock.makefile("rb"))
            while line := reader.readline():
                method, target, _ = line.decode("latin-1").split(" ", 2)
                headers = {}
                while (line := reader.readline().strip()) and b":" in line:
                    name, _, value = line.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                call = Call(method, target, headers, self, sock, number)
                self.calls.append(call)
                self._answer(target.partition("?")[0])(call)
                if not call.keep:
                    return


@contextlib.contextmanager
def open_shop(host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[Shop]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family, backlog=64)
    shop = Shop(host, listener.getsockname()[1], tls)
    threads: list[threading.Thread] = []
    sockets: list[socket.socket] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listener.accept()
                if shop.stopping.is_set():
                    sock.close()
                    return
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sockets.append(sock)
                thread = threading.Thread(target=shop._serve, args=(sock, len(sockets)))
                threads.append(thread)
                thread.start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield shop
    finally:
        shop.stopping.set()
        with contextlib.suppress(OSError):
            socket.create_connection(listener.getsockname()[:2]).close()  # wakes accept()
        acceptor.join()
        listener.close()
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
        for sock in sockets:
            sock.close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A plain http shop on 127.0.0.1."""
    with open_shop() as opened:
        yield opened


@pytest.fixture
def shops() -> Iterator[Callable[..., Shop]]:
    """Opens further shops: other addresses, other families, TLS."""
    with contextlib.ExitStack() as stack:
        yield lambda *args, **kwargs: stack.enter_context(open_shop(*args, **kwargs))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fetchers(clock: Clock) -> Iterator[Callable[..., Fetcher]]:
    """Makes Fetchers on the false clock (`real=True`: on the real one), with the longest jitter.

    Keywords that `FetchSettings` has go there, the others to the Fetcher.
    """
    with contextlib.ExitStack() as stack:

        def make(*, real: bool = False, **options: Any) -> Fetcher:
            names = FetchSettings.__dataclass_fields__
            settings = FetchSettings(**{k: v for k, v in options.items() if k in names})
            rest = {k: v for k, v in options.items() if k not in names}
            defaults: dict[str, Any] = {
                "clock": time.monotonic if real else clock,
                "sleep": clock.sleep,
                "jitter": lambda: 1.0,
                "wall_clock": lambda: 1_800_000_000.0,
                "environ": {},
            }
            return stack.enter_context(Fetcher(settings, **(defaults | rest)))

        yield make


@dataclass(frozen=True)
class Bench:
    """The usual: one shop, one Fetcher on the false clock, a minute of time."""

    shop: Shop
    fetcher: Fetcher
    clock: Clock

    def fetch(
        self, path: str = "/p", *, url: str | None = None, left: float = 60.0, **kw: Any
    ) -> Any:
        conditions = {k: kw.pop(k) for k in ("etag", "last_modified") if k in kw}
        retailer = kw.pop("retailer", None) or self.shop.retailer(**kw)
        deadline = self.clock() + left
        return self.fetcher.fetch(
            url or self.shop.url(path), retailer, **conditions, deadline=deadline
        )


@pytest.fixture
def bench(shop: Shop, fetchers: Callable[..., Fetcher], clock: Clock) -> Bench:
    return Bench(shop, fetchers(), clock)


@dataclass(frozen=True)
class Certificates:
    """An authority of our own; `file` is what a client has to trust."""

    authority: trustme.CA
    file: str

    def server(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*names).configure_cert(context)
        return context


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    authority = trustme.CA()
    file = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return Certificates(authority, str(file))
