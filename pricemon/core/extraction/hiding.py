"""Whether an element's own class or style keeps it off the page, at every width of the screen.

`overflow-hidden` hides nothing, `hidden md:block` and `hidden-xs` hide on small screens only, and
`no-js-hidden` where scripts do not run: what stands in them is there to be read.
"""

from __future__ import annotations

import re
from functools import lru_cache

_HIDING = re.compile(
    r"(?:(?:is|js|u|ui|uk|mfp|ng|state|element)[-_]{1,2})?(?:hidden|hide)"
    r"|d-none|dnone|display-none|ishidden|nghide|invisible"
)
_SHOWN_WIDER = re.compile(
    r"d-(?:sm|md|lg|xl|xxl)-(?!none)\w+"
    r"|(?:sm|md|lg|xl|2xl):(?:block|flex|grid|table|contents|visible|inline[\w-]*)"
)
"""Bootstrap's and Tailwind's names for what larger screens show after all."""


@lru_cache(maxsize=4096)
def by_names(declared: str) -> bool:
    """Whether one of the names in a `class` hides the element."""
    if "hid" not in declared and "none" not in declared and "invisible" not in declared:
        return False
    names = declared.lower().split()
    return any(map(_HIDING.fullmatch, names)) and not any(map(_SHOWN_WIDER.fullmatch, names))


def by_style(style: str | None) -> bool:
    """Whether a `style` hides the element."""
    if not style:
        return False
    squeezed = style.replace(" ", "").lower()
    return "display:none" in squeezed or "visibility:hidden" in squeezed
