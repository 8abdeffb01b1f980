"""One channel: an Apprise URL that stands in an SSM parameter, and is told to nobody.

Such a URL is a secret in whole and in parts: what a service or a plugin says of a failure is
scrubbed before it is returned, and the libraries' own logs lead nowhere.
"""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING
from urllib.parse import unquote

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType
from apprise.common import OverflowMode

if TYPE_CHECKING:
    from collections.abc import Callable

    from pricemon.core.alerting.notes import Note

KEPT_SECONDS = 300.0
"""After which a URL is read anew, so that a new one in its place is taken up."""

DETAIL = 250
"""Characters of a problem that are kept."""

_HIDDEN = "***"
_SEPARATORS = re.compile(r"[/:@?&=#,\s]+")
_SHORTEST_SECRET = 4
"""Characters. Shorter parts of a URL are words such as `yes`, or say nothing."""

_ASSET = AppriseAsset(
    app_id="pricemon",
    app_desc="price monitor",
    app_url="https://pricemon.example",
    async_mode=False,
    image_url_mask=None,  # no picture from a third party beside each message
    image_url_logo=None,
)

for _library in ("apprise", "oauthlib", "requests", "requests_oauthlib", "urllib3"):
    logging.getLogger(_library).propagate = False  # they name URLs in what they log
    logging.getLogger(_library).addHandler(logging.NullHandler())


class Channel:
    """Where one kind of people hear of alerts. `name` is the parameter's path.

    `read` gives a parameter's value. Of one thread at a time.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[str], str],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._read = read
        self._clock = clock
        self._url = ""
        self._service: Apprise | None = None
        self._read_at = 0.0

    def tell(self, note: Note, *, timeout: float) -> str | None:
        """Deliver a note within `timeout` seconds; what went wrong, or `None`. Never raises."""
        try:
            with self._open().notify(
                body=note.text,
                title=note.title,
                notify_type=NotifyType(note.gravity.value),
                body_format=NotifyFormat.TEXT,
                timeout=timeout,
                log_level=logging.WARNING,
            ) as result:
                if result:
                    return None
                said = " ".join(entry.message for entry in result.logs())
        except Exception as error:  # noqa: BLE001 - any of a hundred plugins, and SSM
            said = f"{type(error).__name__}: {error}"
        self._service = None  # the URL may be mended before the next attempt
        return scrub(said or "the service did not take it", self._url)[:DETAIL]

    def _open(self) -> Apprise:
        """The service, ready to be told. Raises `ValueError` for a URL that names none."""
        fresh = self._clock() - self._read_at < KEPT_SECONDS
        if self._service is not None and fresh:
            return self._service
        url = self._read(self.name).strip()
        self._read_at = self._clock()
        if self._service is not None and url == self._url:
            return self._service  # it keeps the time of its last message, for its service's pace
        self._url = url
        plugin = Apprise.instantiate(url, asset=_ASSET)
        if plugin is None:
            raise ValueError("the parameter holds no URL that Apprise knows")
        if "overflow=" not in url:
            plugin.overflow_mode = OverflowMode.SPLIT  # rather than have long messages refused
        self._service = Apprise(asset=_ASSET)
        self._service.add(plugin)
        return self._service


def scrub(text: str, url: str) -> str:
    """The text, on one line, without any part of the URL but its scheme."""
    line = " ".join(text.split())
    _, _, rest = url.partition("://")
    raw = _SEPARATORS.split(rest)
    parts = {*raw, *map(unquote, raw), *_SEPARATORS.split(unquote(rest))}
    secrets = sorted((p for p in parts if len(p) >= _SHORTEST_SECRET), key=len, reverse=True)
    if not secrets:
        return line
    return re.sub("|".join(map(re.escape, secrets)), _HIDDEN, line, flags=re.IGNORECASE)
