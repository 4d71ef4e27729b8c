"""What readers of recall notices share: text that can be stored, and the device identifiers that a text names."""

import re
from collections.abc import Iterable
from typing import Any

from biip.checksums import gs1_standard_check_digit

_GTIN14 = re.compile(r"(?<![0-9])(?:\(01\)\s*)?([0-9]{14})(?![0-9])", re.ASCII)
_SHORTER = re.compile(r"(?:UDI(?:-DI)?|GTIN|UPC|EAN)\W{0,6}([0-9]{12,13})(?![0-9])", re.ASCII | re.IGNORECASE)
_HIBC = re.compile(r"(?:UDI(?:-DI)?|HIBC)\W{0,6}?(\+[A-Z][A-Z0-9]{4,22})(?![A-Z0-9])", re.ASCII)
_MA = re.compile(r"(?<![A-Z0-9])(MA\.[0-9]{3}\.[A-Z0-9.]{3,40}[A-Z0-9])", re.ASCII)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(value: Any) -> Any:
    """A JSON value without the characters that PostgreSQL cannot keep: NUL and halves of surrogate pairs."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {storable(key): storable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [storable(each) for each in value]
    return value


def identifiers_in(*texts: str | None) -> list[str]:
    """The device identifiers that texts name, each once, in the order in which they are named.

    GTINs of fourteen digits whose check digit holds are taken wherever they stand alone; shorter ones and HIBCs only
    after a word that says what they are. A number that is none costs nothing: it is no identifier of an item of ours.
    """
    found: dict[str, None] = {}
    for text in filter(None, texts):
        named = [
            (hit.start(), hit[1]) for pattern in (_GTIN14, _SHORTER) for hit in pattern.finditer(text) if _holds(hit[1])
        ]
        named += [(hit.start(), hit[1]) for pattern in (_HIBC, _MA) for hit in pattern.finditer(text)]
        found |= dict.fromkeys(code for _, code in sorted(named))
    return list(found)


def together(texts: Iterable[str | None]) -> str | None:
    """Texts one below the other, without what another of them says already; None where there is none."""
    kept: list[str] = []
    for text in filter(None, texts):
        if not any(_plain(text) in _plain(other) for other in kept):
            kept = [other for other in kept if _plain(other) not in _plain(text)] + [text]
    return "\n".join(kept) or None


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _holds(gtin: str) -> bool:
    return gs1_standard_check_digit(gtin[:-1]) == int(gtin[-1])
