"""ISO 4217 as shops write it: codes, signs and words.

Signs that several countries share (`$`, `kr`, `¥`, `Rs`, `£`…) map to every currency they may
mean; `resolve` settles them only by a country or a currency that the page or the config names.
Sources: ISO 4217 (minor units), Unicode CLDR 46 (signs).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pricemon.core.wordlist import words

if TYPE_CHECKING:
    from collections.abc import Iterable

ZERO_DECIMALS = frozenset(words("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"))
"""ISO 4217 exponent 0."""

THREE_DECIMALS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
"""ISO 4217 exponent 3."""

RARELY_DECIMALS = ZERO_DECIMALS | frozenset(
    words(
        """
    COP HUF IDR IRR ARS CRC MMK KZT UZS AMD LBP LAK KHR MNT NGN RSD TWD PKR IQD TZS
    """
    )
)
"""Shown without minor units in practice (CLDR cash digits): `24.990` is twenty-four thousand."""

_CODES = frozenset(
    words(
        """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP
    BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP
    GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS
    KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR
    MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF
    SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS
    UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL LTL LVL EEK SKK SIT
    """
    )
)

_OBSOLETE = {"RUR": "RUB", "BYR": "BYN", "TRL": "TRY", "ROL": "RON", "BGL": "BGN", "RMB": "CNY"}
"""Codes that shops still print, and what the money they name is called now."""

_DOLLARS = (
    "USD CAD AUD NZD MXN SGD HKD TWD ARS CLP COP UYU BZD JMD TTD BBD BSD FJD NAD BND BMD DOP KYD "
    "XCD GYD SRD LRD"
)
_SHARED = {
    "$": _DOLLARS,
    "＄": _DOLLARS,
    "kr": "SEK NOK DKK ISK",
    "kr.": "DKK SEK NOK ISK",
    "kr,": "SEK NOK DKK ISK",
    "¥": "JPY CNY",
    "￥": "JPY CNY",
    "£": "GBP EGP GIP FKP SHP LBP SYP",
    "元": "CNY TWD",
    "₨": "PKR INR LKR NPR MUR",
    "rs": "INR PKR LKR NPR MUR",
    "रु": "INR NPR",
    "रू": "NPR INR",
    "रु.": "INR NPR",
    "रू.": "NPR INR",
    "rs.": "INR PKR LKR NPR MUR",
    "lei": "RON MDL",
    "леи": "MDL",
    "br": "BYN ETB",
    "руб": "RUB BYN",
    "руб.": "RUB BYN",
    "рублей": "RUB BYN",
    "рубля": "RUB BYN",
    "р": "RUB BYN",
    "р.": "RUB BYN",
    "bs": "BOB VES",
    "bs.": "BOB VES",
    "dh": "MAD AED",
    "dhs": "AED MAD",
    "dhs.": "AED MAD",
    "dirhams": "AED MAD",
    "din": "RSD",
    "din.": "RSD",
    "fr.": "CHF",
    "q": "GTQ",
    "l": "HNL ALL",
    "﷼": "SAR IRR QAR OMR YER",
    "ريال": "SAR QAR OMR YER IRR",
    "ریال": "IRR",
    "دينار": "KWD BHD JOD IQD TND DZD LYD",
    "درهم": "AED MAD",
    "جنيه": "EGP SDG",
    "تومان": "",  # ten rials: no ISO currency, and never the amount in IRR
    "toman": "",
    "ден": "MKD",
    "ден.": "MKD",
    "manat": "AZN TMT",
    "manatov": "AZN TMT",
    "shs": "UGX TZS KES",
    "shs.": "UGX TZS KES",
    "fcfa": "XOF XAF",
    "f cfa": "XOF XAF",
    "cfa": "XOF XAF",
    "c$": "CAD NIO",
}


def _by_sign(table: str) -> dict[str, str]:
    """Lines of a code and its signs → sign to code."""
    rows = (line.split() for line in table.strip().splitlines())
    return {sign: code for code, *signs in rows for sign in signs}


_PLAIN = _by_sign(
    """
    AED د.إ د.إ. aed
    ALL lekë lek
    AMD ֏ դր դր. դրամ
    AOA kz
    ARS ar$
    AUD a$ au$ aud$
    AZN ₼
    BAM km
    BBD bds$
    BDT ৳ tk tk. টাকা taka
    BGN лв лв. lv.
    BHD د.ب د.ب. bd
    BRL r$ reais
    CAD ca$ cdn$ cad$
    CHF chf sfr sfr.
    CLP clp$
    CNY cn¥ rmb 人民币
    COP col$ cop$
    CRC ₡
    CZK kč kc czk
    DKK dkk
    DOP rd$
    DZD د.ج د.ج. دج da
    EGP ج.م ج.م. جم le l.e. egp
    ETB birr
    EUR € euro euros euroa ευρώ евро eur
    GBP gbp
    GEL ₾ ლარი lari
    GHS ₵ gh₵ gh¢ ghc
    HKD hk$ hkd$
    HRK kn
    HUF ft huf forint
    IDR rp rp.
    HNL lps lps.
    ILS ₪ ש"ח ש״ח שח nis
    INR ₹
    IQD د.ع
    ISK isk
    JMD j$
    JOD د.ا jd
    JPY 円 jpy
    KES ksh ksh. kshs kes
    KGS som сом
    KHR ៛
    KRW ₩ 원
    KWD د.ك د.ك. kd
    KZT ₸ тг тг. тенге теңге
    LAK ₭ ກີບ
    LBP ل.ل
    LKR lkr රු රු.
    LYD د.ل د.ل.
    MAD د.م د.م.
    MMK ကျပ်
    MNT ₮ төг төгрөг
    MXN mx$ mxn$
    MYR rm
    MZN mt
    NGN ₦ n
    NOK nok
    NZD nz$ nzd$
    OMR ر.ع ر.ع.
    PAB b/.
    PEN s/ s/.
    PHP ₱ php
    PLN zł zl złotych pln
    PYG ₲ gs.
    QAR ر.ق ر.ق. qr
    RON ron
    RSD дин дин. rsd
    RUB ₽
    SAR ر.س ر.س. sr sar ⃁
    SEK sek
    SGD s$ sgd$
    THB ฿ บาท baht
    TND د.ت dt
    TJS сомонӣ сомони смн somoni
    TRY ₺ tl
    TTD tt$
    TWD nt$ ntd nt
    TZS tsh tshs
    UAH ₴ грн грн. гривень
    UGX ush ugx
    USD us$ u$s usd$ $us usd
    UYU $u
    UZS сум сўм so'm so‘m soʻm so’m so`m
    VND ₫ đ vnđ vnd đồng
    ZAR r
    """
)

SIGNS: dict[str, tuple[str, ...]] = {
    **{sign: (code,) for sign, code in _PLAIN.items()},
    **{sign: tuple(codes.split()) for sign, codes in _SHARED.items()},
}
"""A sign or word, in lower case → the currencies it may mean, the likeliest first."""

_DWARFS = frozenset(("c$", "£", "руб", "руб.", "рублей", "рубля", "р.", "lei"))
"""Shared signs whose first meaning holds wherever nothing speaks for another."""

_NEEDS_EVIDENCE = frozenset(
    words("km da le bd dt nt som q l kz tk r n mt nis lek lari shs all top cup mop sos gel bam")
)
"""Letters that are words or units elsewhere: currencies only where their country is spoken of."""

_ELSEWHERE = _NEEDS_EVIDENCE | frozenset(
    words("sar kes php nt jd kd sr qr rm bs rs br dh din nis som lek")
)
_WORDS = [sign for sign in SIGNS if sign.isalpha() and len(sign) > 1 and sign not in _ELSEWHERE]
WORDS_OF_MONEY = {code for code in _CODES if code.lower() not in _NEEDS_EVIDENCE}.union(
    *((sign, sign.upper(), sign.capitalize()) for sign in _WORDS)
)
"""Letters that name money wherever they stand, as written: `EUR`, `zł`, `грн`, not `km`."""

_BARE_CODE = re.compile(r"[A-Z]{3}")


def normalise(text: str | None) -> str | None:
    """The ISO code that a `priceCurrency` means: ` rur` → RUB, `€` → EUR; None for `$` and `?`."""
    if not text:
        return None
    text = text.strip()
    code = _OBSOLETE.get(text.upper(), text.upper())
    if code in _CODES:
        return code
    meanings = SIGNS.get(text.lower(), ())
    return meanings[0] if len(meanings) == 1 else None


def is_code(text: str) -> bool:
    """Whether `text` is an ISO 4217 code, current or lately replaced."""
    return text in _CODES or text in _OBSOLETE


def meanings(sign: str) -> tuple[str, ...]:
    """Every currency that a sign, word or code may mean; empty when it means none."""
    code = normalise(sign)
    return (code,) if code else SIGNS.get(sign.strip().lower(), ())


def resolve(sign: str, evidence: Iterable[str]) -> str | None:
    """The one currency that `sign` means here, or None.

    `evidence` is currencies in falling order of weight; the first that the sign may mean wins.
    Without one, only signs with a single meaning, or with one that dwarfs the others, resolve.
    """
    options = meanings(sign)
    by_evidence = next((code for code in evidence if code in options), None)
    if by_evidence or not options:
        return by_evidence
    plain = sign.strip().lower()
    if plain in _NEEDS_EVIDENCE or (len(options) > 1 and plain not in _DWARFS):
        return None
    return options[0]


def is_word_elsewhere(sign: str) -> bool:
    """Whether `sign` is a unit or a word (`L`, `KM`) except where its country is spoken of."""
    return sign.lower() in _NEEDS_EVIDENCE


def decimals(currency: str | None) -> int:
    """The currency's minor digits by ISO 4217 (2 when unknown)."""
    if currency in ZERO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2
