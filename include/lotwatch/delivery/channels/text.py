"""Cuts texts to what a provider takes: never within a character, never within an address that somebody may follow."""

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import quote

_ADDRESS = re.compile(r"https?://\S+")
_JOINER = "\u200d"
_CUT = "…"

# GSM 03.38: these take one place of seven bits, those of the extension two; anything else makes the whole text UCS-2
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = frozenset("^{}\\[~]|€")


def longest(text: str, fits: Callable[[str], bool]) -> str:
    """As much of the beginning of `text` as `fits`, with … where something is missing; "" where nothing does.

    What is shorter must fit where what is longer does.
    """
    if fits(text):
        return text
    low, high = 0, len(text)
    while low < high:  # the most that fits is within low..high
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(_beginning(text, middle)) else (low, middle - 1)
    return _beginning(text, low) if low else ""


def sms_parts(text: str) -> int:
    """In how many parts a telephone network carries a text."""
    if all(each in _GSM or each in _GSM_EXTENSION for each in text):
        places, single, several = len(text) + sum(each in _GSM_EXTENSION for each in text), 160, 153
    else:
        places, single, several = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if places <= single else -(-places // several)


def unmarked(text: str) -> str:
    """A text for a reader of Markdown in which nobody's data becomes a link, a picture or a call."""
    return text.replace("](", "]\u200b(").replace("<", "＜")


def address(link: str) -> str:
    """A link that ends no Markdown and no <...|...>."""
    return quote(link, safe="%/:=&?~#+!$,;'@*[]")


def _beginning(text: str, length: int) -> str:
    """The first `length` characters or somewhat fewer: whole characters as people see them, and whole addresses."""
    if length >= len(text):
        return text
    for found in _ADDRESS.finditer(text):
        if found.start() < length < found.end():
            length = found.start()
            break
    while length and (_belongs_before(text[length]) or text[length - 1] == _JOINER):
        length -= 1
    return text[:length].rstrip() + _CUT


def _belongs_before(character: str) -> bool:
    """Whether a character changes the one before it: an accent, a variation, a skin colour, a joiner."""
    return bool(unicodedata.combining(character)) or character == _JOINER or character in _CHANGES


_CHANGES = frozenset(chr(code) for code in [*range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400), 0x20E3])
