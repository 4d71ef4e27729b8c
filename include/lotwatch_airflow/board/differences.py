"""What has changed between two texts, for a person to see."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

Kind = Literal["same", "gone", "new"]

#: more words than this are compared line by line, and more lines not at all: comparing takes the square of them
_MOST = 2_000
_SHOWN = 60  # characters of what stayed the same, on either side of a change
_WORDS = re.compile(r"\s+|[,;.]|[^\s,;.]+")
_LINES = re.compile(r"[^\n]*\n?")


class Piece(NamedTuple):
    """A part of a text: in both, only in the earlier one, or only in the later one."""

    kind: Kind
    text: str


def differences(before: str, after: str) -> list[Piece]:
    """The pieces of two texts in order; what stayed the same is shortened."""
    for pattern in (_WORDS, _LINES):
        parts = [found for text in (before, after) if len(found := pattern.findall(text)) <= _MOST]
        if len(parts) == 2:
            return list(_shortened(list(_pieces(*parts))))
    return [Piece("gone", _cut(before)), Piece("new", _cut(after))]


def _pieces(before: list[str], after: list[str]) -> Iterator[Piece]:
    for kind, old_start, old_end, new_start, new_end in SequenceMatcher(None, before, after, False).get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(before[old_start:old_end]))
            continue
        if old_end > old_start:
            yield Piece("gone", "".join(before[old_start:old_end]))
        if new_end > new_start:
            yield Piece("new", "".join(after[new_start:new_end]))


def _shortened(pieces: list[Piece]) -> Iterator[Piece]:
    for place, piece in enumerate(pieces):
        text = piece.text
        if piece.kind == "same" and len(text) > 2 * _SHOWN:
            head = text[:_SHOWN] if place else ""
            tail = text[-_SHOWN:] if place < len(pieces) - 1 else ""
            text = f"{head} … {tail}"
        yield Piece(piece.kind, text)


def _cut(text: str) -> str:
    return text if len(text) <= 2_000 else f"{text[:2_000]} …"
