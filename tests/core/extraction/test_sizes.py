"""How large an element is printed, from what its tag, style and classes say."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from pricemon.core.extraction import sizes


@pytest.mark.parametrize(
    ("element", "size"),
    [
        ("<h2>9</h2>", "large"),
        ("<big>9</big>", "large"),
        ('<p class="mt-2 text-3xl font-bold">9</p>', "large"),
        ('<p class="md:text-2xl">9</p>', "large"),
        ('<p class="text-[56px]">9</p>', "large"),
        ('<p class="text-[11px]">9</p>', "small"),
        ('<p class="text-xs">9</p>', "small"),
        ('<p class="max-w-2xl rounded-2xl text-red-600">9</p>', ""),
        ('<p class="display-4">9</p>', "large"),
        ('<p style="font-size: 28px">9</p>', "large"),
        ('<p style="FONT-SIZE:1.5em">9</p>', "large"),
        ('<p style="font-size:9pt">9</p>', "small"),
        ('<p style="font-size:x-large">9</p>', "large"),
        ('<p style="color:red">9</p>', ""),
        ('<font size="+2">9</font>', "large"),
        ('<font size="2">9</font>', ""),
        ("<p>9</p>", ""),
    ],
)
def test_size(element, size):
    (node,) = LexborHTMLParser(element).css("body > *")
    attributes = node.attributes
    style = attributes.get("style") or ""
    found = sizes.of(node.tag or "", attributes.get("class") or "", style, attributes)
    assert found == size
