"""What is paid with where: ISO 3166 countries, and bare languages, to ISO 4217 currencies.

Sources: ISO 3166, Unicode CLDR 46 (currencies of territories, likely regions of bare languages).
"""

from __future__ import annotations

from pricemon.core.wordlist import words

_COUNTRY = words(
    """
    AD EUR AE AED AF AFN AL ALL AM AMD AO AOA AR ARS AT EUR AU AUD AZ AZN BA BAM BB BBD BD BDT
    BE EUR BG EUR BH BHD BN BND BO BOB BR BRL BS BSD BW BWP BY BYN CA CAD CH CHF CI XOF CL CLP
    CM XAF CN CNY CO COP CR CRC CY EUR CZ CZK DE EUR DK DKK DO DOP DZ DZD EC USD EE EUR EG EGP
    ES EUR ET ETB FI EUR FJ FJD FR EUR GB GBP UK GBP GE GEL GH GHS GR EUR GT GTQ HK HKD HN HNL
    HR EUR HU HUF ID IDR IE EUR IL ILS IN INR IQ IQD IR IRR IS ISK IT EUR JM JMD JO JOD JP JPY
    KE KES KG KGS KH KHR KR KRW KW KWD KZ KZT LA LAK LB LBP LI CHF LK LKR LT EUR LU EUR LV EUR
    LY LYD MA MAD MC EUR MD MDL ME EUR MK MKD MM MMK MN MNT MO MOP MT EUR MU MUR MX MXN MY MYR
    MZ MZN NA NAD NG NGN NI NIO NL EUR NO NOK NP NPR NZ NZD OM OMR PA PAB PE PEN PH PHP PK PKR
    PL PLN PR USD PT EUR PY PYG QA QAR RO RON RS RSD RU RUB RW RWF SA SAR SE SEK SG SGD SI EUR
    SK EUR SN XOF SV USD TH THB TN TND TR TRY TT TTD TW TWD TZ TZS UA UAH UG UGX US USD UY UYU
    UZ UZS VE VES VN VND ZA ZAR ZM ZMW ZW USD
    """
)
FORMERLY = {"BG": "BGN", "HR": "HRK"}
"""What was paid with before the euro, by country, where pages of the time still matter."""
BY_COUNTRY: dict[str, str] = dict(zip(_COUNTRY[::2], _COUNTRY[1::2], strict=True))
"""ISO 3166 alpha-2 → the currency prices are quoted in there."""

_LIKELY = words(
    """
    ar EG az AZ be BY bg BG bn BD bs BA ca ES cs CZ cy GB da DK de DE el GR en US es ES et EE eu
    ES fa IR fi FI fil PH fr FR ga IE gl ES he IL iw IL hi IN hr HR hu HU hy AM id ID in ID is
    IS it IT ja JP ka GE kk KZ km KH ko KR ky KG lo LA lt LT lv LV mk MK mn MN ms MY mt MT nb NO
    nn NO no NO ne NP nl NL pl PL pt BR ro RO ru RU si LK sk SK sl SI sq AL sr RS sv SE sw TZ ta
    IN te IN th TH tl PH tr TR uk UA ur PK uz UZ vi VN zh CN
    """
)
LIKELY_REGION: dict[str, str] = dict(zip(_LIKELY[::2], _LIKELY[1::2], strict=True))
"""A bare language → its likely region (CLDR likelySubtags). Weak: it settles shared signs only."""
