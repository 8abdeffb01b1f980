"""One fetch, without its I/O: what each request says, where it may lead, what the answer means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from urllib3 import HTTPHeaderDict

from pricemon.core.errors import GiveUp, JobError, Retry
from pricemon.core.fetching import decoding
from pricemon.core.fetching.cookies import Cookies
from pricemon.core.model import Page, Reason
from pricemon.core.urls import InvalidUrl, Target, belongs

if TYPE_CHECKING:
    from pricemon.core.fetching.transport import Response
    from pricemon.core.settings import RetailerSettings

_OK = frozenset({*range(200, 300)} - {HTTPStatus.PARTIAL_CONTENT})
_SERVER_ERRORS = range(500, 600)
_ACCEPT = "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_HEALING_4XX = frozenset({408, 425})
_PERMANENT_5XX = frozenset({501, 505})


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What stays the same over the redirects and attempts of one fetch.

    `deadline` is in monotonic seconds. `validators` are the request's conditional headers.
    """

    retailer: RetailerSettings
    start: Target
    cookies: Cookies
    deadline: float
    validators: Mapping[str, str] = field(default_factory=dict)
    for_robots: bool = False

    @classmethod
    def begin(
        cls,
        url: str,
        retailer: RetailerSettings,
        *,
        etag: str | None,
        last_modified: str | None,
        deadline: float,
    ) -> Self:
        """Raises `GiveUp` for a URL that is none, or not the retailer's."""
        try:
            start = Target.parse(url)
        except InvalidUrl as error:
            raise GiveUp(Reason.BAD_MESSAGE, f"the URL cannot be fetched: {error}") from None
        _require_host(start, retailer)
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        return cls(
            retailer=retailer,
            start=start,
            cookies=Cookies(retailer.cookies, start),
            deadline=deadline,
            validators={name: value for name, value in conditions.items() if value},
        )

    def headers(self, target: Target, user_agent: str) -> HTTPHeaderDict:
        """The request headers for one hop."""
        headers = HTTPHeaderDict(
            {
                "User-Agent": user_agent,
                "Accept": _ACCEPT,
                "Accept-Encoding": decoding.ACCEPT_ENCODING,
            }
        )
        if self.retailer.locale:
            headers["Accept-Language"] = accept_language(self.retailer.locale)
        # Configured headers may hold credentials: like cookies, not from https down to http.
        if target.scheme in (self.start.scheme, "https"):
            for name, value in self.retailer.headers.items():
                headers[name] = value
        if cookie := self.cookies.header(target):
            headers["Cookie"] = "; ".join(filter(None, (headers.get("Cookie"), cookie)))
        headers.update(self._validators(target))
        return headers

    def redirect(self, target: Target, response: Response) -> Target | None:
        """Where a response leads, or `None`. Raises `GiveUp` for where it must not."""
        location = response.headers.get("location")
        if response.status not in _REDIRECTS or location is None:
            return None
        try:
            following = target.join(location)
        except InvalidUrl as error:
            raise GiveUp(
                Reason.REDIRECTS, f"{target.shown} redirects to no usable URL: {error}"
            ) from None
        _require_host(following, self.retailer)
        return following

    def page(
        self, target: Target, response: Response, *, elapsed: float, after: float | None
    ) -> Page:
        """What a response means: a page, or a `Retry` (`after` seconds, if named) or `GiveUp`."""
        sent = self._validators(target)
        not_modified = response.status == HTTPStatus.NOT_MODIFIED and bool(sent)
        if not (not_modified or response.status in _OK):
            raise _failure(target, response.status, after)
        # The validators of another page are worth nothing for the one the catalogue names.
        own = response.headers if self._is_own(target) else {}
        kept = sent if not_modified else {}
        return Page(
            url=target.url,
            status=response.status,
            body=response.body,
            content_type=response.headers.get("content-type"),
            etag=own.get("etag") or kept.get("If-None-Match"),
            last_modified=own.get("last-modified") or kept.get("If-Modified-Since"),
            not_modified=not_modified,
            elapsed=elapsed,
        )

    def _is_own(self, target: Target) -> bool:
        """Whether a hop is the catalogue's page, if perhaps at another scheme or sub-domain."""
        return target.path == self.start.path

    def _validators(self, target: Target) -> Mapping[str, str]:
        """Conditional headers, for the catalogue's page only.

        A removed product often redirects to a page that has not changed for years: its 304 would
        renew a price that nobody offers any more.
        """
        return self.validators if self._is_own(target) else {}


def accept_language(locale: str) -> str:
    """`de_AT` or `de-AT` → `de-AT,de;q=0.9`."""
    tag = locale.partition(".")[0].replace("_", "-")
    language = tag.partition("-")[0]
    return tag if tag == language else f"{tag},{language};q=0.9"


def _require_host(target: Target, retailer: RetailerSettings) -> None:
    if not belongs(target, retailer.hosts):
        raise GiveUp(
            Reason.FORBIDDEN_HOST, f"{target.authority} is not a host of retailer {retailer.name}"
        )


def _failure(target: Target, status: int, after: float | None) -> JobError:
    """The error for a status that is no page."""
    detail = f"{target.shown} answered {status}"
    if status in _GONE:
        return GiveUp(Reason.GONE, detail, http_status=status)
    if status == HTTPStatus.FORBIDDEN:
        # Shops use it for bots they have had enough of today, hardly ever for pages.
        return Retry(Reason.BLOCKED, detail, http_status=status, after=after)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Retry(Reason.RATE_LIMITED, detail, http_status=status, after=after)
    if status == HTTPStatus.NOT_MODIFIED:
        return Retry(Reason.HTTP_ERROR, f"{detail}, unasked", http_status=status)
    heals = status in _SERVER_ERRORS and status not in _PERMANENT_5XX
    if heals or status in _HEALING_4XX or status == HTTPStatus.PARTIAL_CONTENT:
        return Retry(Reason.HTTP_ERROR, detail, http_status=status, after=after)
    return GiveUp(Reason.HTTP_ERROR, detail, http_status=status)
