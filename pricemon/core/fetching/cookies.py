"""The cookies of one fetch: the retailer's configured ones, and those the shop sets on the way."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING
from urllib.request import Request

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

    from pricemon.core.urls import Target


class Cookies:
    """A jar that dies with its fetch, so that no job sees another's session.

    The configured cookies go to every host of the retailer, until the shop sets one of the same
    name. If the fetch starts on https they never travel over plain http, wherever it is led.
    """

    def __init__(self, configured: Mapping[str, str], start: Target) -> None:
        self._configured = configured
        self._start = start
        self._jar = CookieJar()

    def header(self, target: Target) -> str:
        """The `Cookie` header for a request; empty when there is none to send."""
        request = Request(target.url)  # noqa: S310 - http(s) by construction, and never opened
        self._jar.add_cookie_header(request)
        pairs = [request.get_header("Cookie", "")]
        if target.scheme in (self._start.scheme, "https"):
            taken = {cookie.name for cookie in self._jar}
            pairs += [f"{k}={v}" for k, v in self._configured.items() if k not in taken]
        return "; ".join(filter(None, pairs))

    def keep(self, response: BaseHTTPResponse, target: Target) -> None:
        """Take over what a response sets, by the rules of RFC 6265 as `http.cookiejar` has them."""
        if "set-cookie" in response.headers:
            request = Request(target.url)  # noqa: S310 - as above
            self._jar.extract_cookies(response, request)  # type: ignore[arg-type]  # asks for info()
