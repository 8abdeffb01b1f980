"""What a fetch asks for, and what each kind of answer means."""

import pytest

from pricemon.core.errors import GiveUp, JobError, Retry
from pricemon.core.model import Reason

HTML = "text/html; charset=windows-1252"


def test_page_passes_through_as_it_came(bench):
    """Body bytes and the header's charset reach the extractor untouched, even when `<meta>` in the
    body names another: which of the two is right is not the fetcher's to guess."""
    body = b'<meta charset="utf-8"><p>9,99 \x80</p>'
    bench.shop.answers["/p"] = lambda call: call.reply(body, Content_Type=HTML, ETag='"a"')
    page = bench.fetch()
    assert (page.body, page.content_type, page.status) == (body, HTML, 200)
    assert (page.url, page.etag, page.not_modified) == (bench.shop.url("/p"), '"a"', False)


def test_page_without_a_content_type_has_none(bench):
    """What the shop did not say is `None`, not a guess."""
    bench.shop.answers["/p"] = lambda call: call.reply("x")
    assert bench.fetch().content_type is None


def test_request_is_honest_and_asks_in_the_shops_language(bench):
    """It names itself and its home page, and asks for the retailer's language."""
    bench.fetch(locale="de_AT")
    headers = bench.shop.calls[0].headers
    assert headers["user-agent"].startswith("pricemon (+https://")
    assert headers["accept-language"] == "de-AT,de;q=0.9"
    assert "text/html" in headers["accept"]
    assert headers["accept-encoding"].startswith("gzip, deflate")


def test_configured_headers_and_cookies_are_sent_and_win(bench):
    """A retailer's own headers replace the usual ones, whatever their case, and its cookies go
    along with a configured Cookie header."""
    headers = {"user-agent": "other", "X-Api-Key": "k", "Cookie": "a=1"}
    bench.fetch(headers=headers, cookies={"b": "2"})
    sent = bench.shop.calls[0].headers
    assert (sent["user-agent"], sent["x-api-key"], sent["cookie"]) == ("other", "k", "a=1; b=2")


def test_header_that_cannot_be_sent_is_named_without_its_value(bench):
    """A line break in a secret must neither split the request nor show the secret."""
    with pytest.raises(GiveUp) as caught:
        bench.fetch(headers={"Authorization": "s3cret\r\nX: y"})
    assert caught.value.reason == Reason.INTERNAL
    assert "s3cret" not in str(caught.value)
    assert bench.shop.calls == []


@pytest.mark.parametrize("url", ["ftp://x/", "nonsense", "http://", "http://a b/", "http://[::1/"])
def test_url_that_is_none_is_given_up(bench, url):
    """A bad URL in a catalogue fails its own job with a name."""
    with pytest.raises(GiveUp) as caught:
        bench.fetch(url=url)
    assert caught.value.reason == Reason.BAD_MESSAGE


# --- conditional requests ---------------------------------------------------------------------


def test_not_modified_renews_without_a_body(bench):
    """Validators are sent, 304 gives an empty page that keeps them, so the next request is
    conditional as well."""
    bench.shop.answers["/p"] = lambda call: call.reply("", 304)
    page = bench.fetch(etag='W/"1"', last_modified="Mon, 02 Nov 2026 10:00:00 GMT")
    sent = bench.shop.calls[0].headers
    assert sent["if-none-match"] == 'W/"1"'
    assert sent["if-modified-since"] == "Mon, 02 Nov 2026 10:00:00 GMT"
    assert (page.not_modified, page.status, page.body) == (True, 304, b"")
    assert (page.etag, page.last_modified) == ('W/"1"', "Mon, 02 Nov 2026 10:00:00 GMT")


def test_not_modified_may_bring_a_new_etag(bench):
    """The 304's own validator replaces the one that was sent."""
    bench.shop.answers["/p"] = lambda call: call.reply("", 304, ETag='"2"')
    assert bench.fetch(etag='"1"').etag == '"2"'


def test_not_modified_unasked_is_an_error(bench):
    """A 304 to an unconditional request says nothing about a price."""
    bench.shop.answers["/p"] = lambda call: call.reply("", 304)
    with pytest.raises(Retry) as caught:
        bench.fetch()
    assert (caught.value.reason, caught.value.http_status) == (Reason.HTTP_ERROR, 304)


def test_validators_are_not_sent_to_where_a_removed_product_redirects(bench):
    """A home page unchanged for years must not answer 304 for a product that is gone, and its own
    validators must not be remembered as the product's."""
    bench.shop.answers["/p"] = lambda call: call.reply("", 302, Location="/home")
    bench.shop.answers["/home"] = lambda call: call.reply("home", ETag='"home"')
    page = bench.fetch(etag='"1"')
    assert "if-none-match" not in bench.shop.calls[1].headers
    assert (page.not_modified, page.body, page.etag) == (False, b"home", None)


# --- statuses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error", "reason", "asked"),
    [
        (401, GiveUp, Reason.HTTP_ERROR, 1),
        (403, Retry, Reason.BLOCKED, 1),
        (404, GiveUp, Reason.GONE, 1),
        (410, GiveUp, Reason.GONE, 1),
        (418, GiveUp, Reason.HTTP_ERROR, 1),
        (300, GiveUp, Reason.HTTP_ERROR, 1),
        (206, Retry, Reason.HTTP_ERROR, 3),
        (408, Retry, Reason.HTTP_ERROR, 3),
        (425, Retry, Reason.HTTP_ERROR, 3),
        (429, Retry, Reason.RATE_LIMITED, 3),
        (500, Retry, Reason.HTTP_ERROR, 3),
        (501, GiveUp, Reason.HTTP_ERROR, 1),
        (502, Retry, Reason.HTTP_ERROR, 3),
        (503, Retry, Reason.HTTP_ERROR, 3),
        (504, Retry, Reason.HTTP_ERROR, 3),
        (520, Retry, Reason.HTTP_ERROR, 3),
    ],
)
def test_status_decides_the_remedy(bench, status, error, reason, asked):
    """Each status is retried at once, handed back or given up by whether asking again can help."""
    bench.shop.answers["/p"] = lambda call: call.reply("sorry", status)
    with pytest.raises(JobError) as caught:
        bench.fetch()
    assert type(caught.value) is error
    assert (caught.value.reason, caught.value.http_status) == (reason, status)
    assert len(bench.shop.calls) == asked


def test_empty_success_is_a_page(bench):
    """204 has no body to read; what an empty page means is the extractor's to say."""
    bench.shop.answers["/p"] = lambda call: call.reply("", 204)
    assert bench.fetch().body == b""


# --- retries ----------------------------------------------------------------------------------


def test_unavailable_then_well(bench):
    """503, 503, 200: the third answer counts, after exponential pauses (longest jitter here)."""
    bench.shop.answers["/p"] = [
        lambda call: call.reply("", 503),
        lambda call: call.reply("", 503),
        lambda call: call.reply("well"),
    ]
    assert bench.fetch().body == b"well"
    assert bench.clock.slept == [0.5, 1.0]


@pytest.mark.parametrize(
    ("header", "slept"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": "Fri, 15 Jan 2027 08:00:03 GMT"}, 3.0),
        (
            {
                "Retry_After": "Fri, 15 Jan 2027 09:00:05 GMT",
                "Date": "Fri, 15 Jan 2027 09:00:01 GMT",
            },
            4.0,
        ),
    ],
    ids=["seconds", "date", "date by the shop's own clock"],
)
def test_retry_after_is_honoured_in_both_forms(bench, header, slept):
    """A 429 that names a short time is retried after exactly that time."""
    bench.shop.answers["/p"] = [
        lambda call: call.reply("", 429, **header),
        lambda call: call.reply("well"),
    ]
    assert bench.fetch().body == b"well"
    assert sum(bench.clock.slept) == pytest.approx(slept)


def test_retry_after_that_does_not_fit_goes_back_to_the_queue(bench):
    """What would outlast the deadline is not slept through but handed back, with the time."""
    bench.shop.answers["/p"] = lambda call: call.reply("", 429, Retry_After="6")
    with pytest.raises(Retry) as caught:
        bench.fetch(left=5.0)
    assert (caught.value.reason, caught.value.after) == (Reason.RATE_LIMITED, 6.0)
    assert bench.clock.slept == []


def test_long_retry_after_is_the_queues_to_wait_for(bench):
    """Even with time left, a worker does not sleep for minutes."""
    bench.shop.answers["/p"] = lambda call: call.reply("", 503, Retry_After="120")
    with pytest.raises(Retry) as caught:
        bench.fetch(left=900.0)
    assert (caught.value.after, bench.clock.slept) == (120.0, [])


def test_backoff_never_sleeps_past_the_deadline(bench):
    """The ordinary backoff obeys the deadline as well."""
    bench.shop.answers["/p"] = lambda call: call.reply("", 500)
    with pytest.raises(Retry) as caught:
        bench.fetch(left=1.2)
    assert bench.clock.slept == [0.5]
    assert caught.value.after == 1.0


def test_deadline_that_has_passed_asks_nobody(bench):
    """A job that arrives too late goes back without a request."""
    with pytest.raises(Retry):
        bench.fetch(left=0.0)
    assert bench.shop.calls == []


# --- redirects --------------------------------------------------------------------------------


def test_redirects_are_followed_and_the_last_url_reported(bench):
    """Relative, unescaped UTF-8 and absolute locations work; the page's URL is the last one."""
    bench.shop.answers["/p"] = lambda call: call.reply("", 301, Location="b/../q?x=1#part")
    bench.shop.answers["/q"] = lambda call: call.raw(
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /k\xc3\xa4se\r\n\r\n"
    )
    page = bench.fetch()
    assert bench.shop.asked == ["/p", "/q?x=1", "/k%C3%A4se"]
    assert page.url == bench.shop.url("/k%C3%A4se")


def test_redirect_without_a_location_is_an_error(bench):
    """A 302 to nowhere is no page."""
    bench.shop.answers["/p"] = lambda call: call.reply("x", 302)
    with pytest.raises(GiveUp) as caught:
        bench.fetch()
    assert (caught.value.reason, caught.value.http_status) == (Reason.HTTP_ERROR, 302)


def test_endless_redirects_end(bench):
    """Each to a new page: stopped after `max_redirects`."""
    bench.shop.answers["*"] = lambda call: call.reply("", 302, Location=call.target + "x")
    with pytest.raises(GiveUp) as caught:
        bench.fetch()
    assert caught.value.reason == Reason.REDIRECTS
    assert len(bench.shop.calls) == 6


def test_redirect_circle_is_seen_at_once(bench):
    """Back to a URL already seen, with nothing changed, is not tried again."""
    bench.shop.answers["/p"] = lambda call: call.reply("", 302, Location="/q")
    bench.shop.answers["/q"] = lambda call: call.reply("", 302, Location="/p")
    with pytest.raises(GiveUp) as caught:
        bench.fetch()
    assert caught.value.reason == Reason.REDIRECTS
    assert bench.shop.asked == ["/p", "/q"]


@pytest.mark.parametrize("location", ["javascript:alert(1)", "file:///etc/passwd", "http://[bad/"])
def test_redirect_to_no_web_page_is_given_up(bench, location):
    """Only http and https are followed."""
    bench.shop.answers["/p"] = lambda call: call.reply("", 302, Location=location)
    with pytest.raises(GiveUp) as caught:
        bench.fetch()
    assert caught.value.reason == Reason.REDIRECTS


# --- cookies ----------------------------------------------------------------------------------


def demand_cookie(call):
    if "seen=1" in call.headers.get("cookie", ""):
        call.reply("welcome")
    else:
        call.reply("", 302, Location=call.target, Set_Cookie="seen=1; Path=/; HttpOnly")


def test_shop_that_demands_cookies_is_satisfied(bench):
    """A redirect to the same URL that sets a cookie is no circle: the cookie is played back."""
    bench.shop.answers["/p"] = demand_cookie
    assert bench.fetch(cookies={"country": "at"}).body == b"welcome"
    assert bench.shop.calls[1].headers["cookie"] == "seen=1; country=at"


def test_cookies_do_not_outlive_their_fetch(bench):
    """The next fetch starts without the last one's session."""
    bench.shop.answers["/p"] = demand_cookie
    bench.fetch()
    bench.fetch()
    assert "cookie" not in bench.shop.calls[2].headers


def test_cookie_set_by_the_shop_replaces_the_configured_one(bench):
    """One name, one value."""
    bench.shop.answers["/p"] = lambda call: call.reply(
        "", 302, Location="/q", Set_Cookie="country=de"
    )
    bench.fetch(cookies={"country": "at"})
    assert bench.shop.calls[1].headers["cookie"] == "country=de"


# --- secrets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 500, 302])
def test_errors_hold_no_secrets(bench, status):
    """Neither the URL's user info and query nor headers and cookies come out in an error."""
    bench.shop.answers["/p"] = lambda call: call.reply("", status, Location="/p?token=s3cret&a=1")
    url = bench.shop.url("/p?token=s3cret").replace("//", "//user:s3cret@")
    with pytest.raises(JobError) as caught:
        bench.fetch(url=url, headers={"Authorization": "s3cret"}, cookies={"c": "s3cret"})
    error = caught.value
    assert "s3cret" not in f"{error} {error!r} {error.detail}"
    assert error.__cause__ is None
    assert bench.shop.calls[0].target == "/p?token=s3cret"


def test_malformed_url_is_not_quoted(bench):
    """Python's own message would quote the password as a port that is no number."""
    with pytest.raises(GiveUp) as caught:
        bench.fetch(url="http://user:s3cret/p")
    assert "s3cret" not in str(caught.value)
