"""Pages that stand in a product page's place: bot walls, log-ins, nothing at all, no HTML.

Asked only once no price was found, so that a shop's own reCAPTCHA widget never hides its price. A
bot wall is told by several signals, or by one that only a wall has.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pricemon.core.model import Page, Reason

if TYPE_CHECKING:
    from pricemon.core.extraction.document import Document

_SHORT = 4_000
"""Characters of text: walls say little, shops' pages say much."""

_SURE = re.compile(
    r"cf-chl-|challenge-platform/h/|/cdn-cgi/challenge|cf-browser-verification"
    r"|_Incapsula_Resource|captcha-delivery\.com"
    r"|px-captcha|perimeterx|/_sec/cp_challenge|errors\.edgesuite\.net|distil_r_captcha"
    r"|validateCaptcha|awswaf|sec-if-cpt"
    r"|ddos-guard|__qrator|kasada|geetest|funcaptcha|arkoselabs|aliyun_waf|punish\?x5secdata"
    r"|botdetect|Reblaze",
    re.IGNORECASE,
)
_TITLES = re.compile(
    r"just a moment|attention required|access (?:to this page has been )?denied|robot check"
    r"|are you (?:a )?(?:human|robot)"
    r"|pardon our interruption|verify (?:you are|your identity)|security check|captcha"
    r"|bot (?:detection|protection)|forbidden"
    r"|checking your browser|human verification|please wait|unusual traffic|blocked|ddos"
    r"|не робот|проверка|验证|人机|安全验证"
    r"|sind sie ein mensch|un instant|sicherheitsüberprüfung|zugriff verweigert|accès refusé"
    r"|acceso denegado|too many requests",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"captcha|are you (?:a )?(?:human|robot)|not a robot|unusual (?:traffic|activity)"
    r"|automated (?:access|requests|queries)|verify (?:that )?you"
    r"|enable (?:javascript and )?cookies to continue|access denied|you have been blocked"
    r"|request unsuccessful|ray id|reference\s?#"
    r"|rate limit|too many requests|bot or|robots? and|не робот|подозрительн|机器人|ロボット"
    r"|roboter"
    r"|enter the characters",
    re.IGNORECASE,
)
_WIDGET = (
    'iframe[src*="captcha" i], [class*="captcha" i], [id*="captcha" i], form[action*="captcha" i]'
)
_LOGIN_TITLE = re.compile(
    r"log\s?in|sign\s?in|anmelde|einloggen|connexion|iniciar sesi|accedi|inloggen|přihlá"
    r"|prihlás|zaloguj|logowanie|войти|вход|giriş|logga in|logg inn|log ind|kirjaudu|belépés"
    r"|autentific",
    re.IGNORECASE,
)
_LOGIN_WORD = re.compile(
    r"log ?in|sign ?in|register|anmeld|einlogg|registrier|zaloguj|logowani|connecte"
    r"|inicia sesi|accedi"
    r"|přihl|prihl|войдите|авториз|log ind|logg inn|logga in|inloggen|giriş yap|kirjaudu"
    r"|bejelentkez",
    re.IGNORECASE,
)
_PRICE_WORD = re.compile(
    r"pri[cs]e|preis|\bcen|prix|preci|prezz|цен|\bpris|prij|fiyat|hinta|\bár", re.IGNORECASE
)
_IN_ORDER_TO = re.compile(
    r"\b(?:to|for|see|view|show|after|um|sichtbar|sehen|aby|żeby|pour|voir|para|ver|per"
    r"|vedere|pro|чтобы|for å|för att|om|için|nähdäksesi)\b",
    re.IGNORECASE,
)
_WINDOW = 60
_ASKED_EARLY = 30
_MOST_TEXT = 100_000
_CONTROLS = bytes({*range(1, 32)} - {*b"\t\n\v\f\r\x1b"})
_BINARY = (
    b"%PDF",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"BZh",
    b"RIFF",
    b"\x00\x00\x01\x00",
    b"\x7fELF",
    b"wOF",
)
_MARKUP = re.compile(
    rb"<\s*(?:!doctype|html|head|body|div|script|meta|span|p|h1|table|!--|\?xml|main|section|a"
    rb"|title|link)",
    re.IGNORECASE,
)


def not_html(page: Page) -> bool:
    """Whether the body is something else than a page of HTML: an image, a PDF, JSON, noise."""
    head = page.body[:2048]
    if head.startswith(_BINARY):
        return True
    kind = (page.content_type or "").partition(";")[0].strip().lower()
    if kind.startswith(("image/", "video/", "audio/", "font/")) or kind in (
        "application/pdf",
        "application/zip",
    ):
        return True
    return _is_noise(head) or _MARKUP.search(page.body[:65_536].replace(b"\0", b"")) is None


def _is_noise(head: bytes) -> bool:
    """Whether control characters abound, as in no text; UTF-16 has its share, and many zeros."""
    if head.count(0) * 50 > len(head):
        return False
    return (len(head) - len(head.translate(None, _CONTROLS))) * 50 > len(head)


def reason(page: Page, document: Document) -> tuple[Reason, str] | None:
    """What stands in the product page's place, if something does."""
    text = _text(document)
    title = document.title or ""
    if not text and not title:
        return Reason.EMPTY, "the page has no text"
    blocked = _blocked(page, document, title, text)
    if blocked:
        return Reason.BLOCKED, blocked
    if _asks_to_log_in_for_prices(text):
        return Reason.LOGIN_WALL, "the page shows prices after a log-in only"
    if _LOGIN_TITLE.search(title) and document.tree.css_first('input[type="password"]') is not None:
        return Reason.LOGIN_WALL, "the page asks to log in"
    return None


def _asks_to_log_in_for_prices(text: str) -> bool:
    for count, found in enumerate(_LOGIN_WORD.finditer(text)):
        if count > _ASKED_EARLY:
            return False
        window = text[max(0, found.start() - _WINDOW) : found.end() + _WINDOW]
        if _PRICE_WORD.search(window) and _IN_ORDER_TO.search(window):
            return True
    return False


def _blocked(page: Page, document: Document, title: str, text: str) -> str | None:
    if len(text) > _SHORT:
        return None
    marker = _SURE.search(document.text[:200_000])
    if marker:
        return f"a bot wall ({marker[0]})"
    signals = [
        name
        for name, present in (
            (f"status {page.status}", page.status in (401, 403, 405, 429, 503)),
            (f"the title {title[:40]!r}", bool(_TITLES.search(title))),
            ("its words", bool(_WORDS.search(text))),
            ("a captcha", document.tree.css_first(_WIDGET) is not None),
        )
        if present
    ]
    return f"a bot wall, by {' and '.join(signals)}" if len(signals) > 1 else None


def _text(document: Document) -> str:
    body = document.tree.body
    if body is None:
        return ""
    parts: list[str] = []
    last = ""
    size = 0
    for node in body.traverse(include_text=True, skip_empty=True):
        content = node.text_content
        if content is None:
            last = node.tag or ""
        elif last not in ("script", "style", "template"):
            parts.append(content)
            size += len(content)
            if size > _MOST_TEXT:
                break
        else:
            last = ""
    return " ".join(" ".join(parts).split())
