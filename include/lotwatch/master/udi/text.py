"""The text of a label with full-width characters and the ways of showing FNC1 made plain, and where each came from."""

import re
from dataclasses import dataclass
from typing import NoReturn

from lotwatch.errors import UdiError

#: the group separator: how FNC1 between two elements is transmitted
GS = "\x1d"

#: white space; GS and its three sisters are none, whatever Python says
SPACE = r"[^\S\x1c-\x1f]"

_WIDE = {0x3000: " ", **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}}
# none of these is made of characters that a GS1 element may contain, but for < and >
_SHOWN_AS = re.compile(
    r"\x1d|␝|\^\]|<GS>|\{GS\}|\[GS\]|<FNC1>|\{FNC1\}|\[FNC1\]|\\x1d|\\u001d|\](?:C1|d2|e0|Q3|J1)", re.IGNORECASE
)
# what a reader puts before the data to name the symbology (ISO/IEC 15424), where it does not stand for FNC1
_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9A-Za-z]")


@dataclass(frozen=True)
class Text:
    """Characters and, for each, its position in the text as read (0 is the first)."""

    raw: str
    chars: str
    places: tuple[int, ...]

    @classmethod
    def clean(cls, raw: str) -> "Text":
        """Return `raw` in half-width characters, without white space before it, each sign for FNC1 as one GS."""
        wide = raw.translate(_WIDE)
        chars, places, at = [], [], len(wide) - len(re.sub(f"^{SPACE}+", "", wide))
        if (symbology := _SYMBOLOGY.match(wide, at)) and not _SHOWN_AS.match(wide, at):
            at = symbology.end()
        while at < len(wide):
            shown = _SHOWN_AS.match(wide, at)
            chars.append(GS if shown else wide[at])
            places.append(at)
            at = shown.end() if shown else at + 1
        return cls(raw, "".join(chars), tuple(places))

    def __add__(self, other: "Text") -> "Text":
        return Text(self.raw, self.chars + other.chars, self.places + other.places)

    def split(self) -> list["Text"]:
        """Return the pieces between white space."""
        spans = [found.span() for found in re.finditer(rf"((?!{SPACE}).)+", self.chars, re.DOTALL)]
        return [Text(self.raw, self.chars[start:end], self.places[start:end]) for start, end in spans]

    def without_space(self) -> "Text":
        """Return the text without white space."""
        pieces = self.split()
        places = tuple(place for piece in pieces for place in piece.places)
        return Text(self.raw, "".join(piece.chars for piece in pieces), places)

    def refuse(self, index: int, what: str, do: str) -> NoReturn:
        """Raise the UdiError that says what is wrong at the character `index` of this text."""
        refuse(self.raw, self.place(index), what, do)

    def place(self, index: int) -> int:
        """Return the position in the text as read of the character `index` of this one."""
        return self.places[index] if index < len(self.places) else len(self.raw)


def refuse(raw: str, place: int, what: str, do: str) -> NoReturn:
    """Raise the UdiError that says what is wrong at a position (0 is the first) of the text as read."""
    shown = raw if len(raw) <= 80 else f"{raw[:77]}..."
    raise UdiError(what, where=f"position {place + 1} of {shown!r}", do=do)
