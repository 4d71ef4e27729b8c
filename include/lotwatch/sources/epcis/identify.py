"""What an identifier in an event names: an item, a package or a place, in whichever of its forms it is written.

GS1 EPC Tag Data Standard 2.0, section 6 (pure-identity and class URNs), GS1 Digital Link URI Syntax 1.2, and element
strings, which `lotwatch.master.udi` reads.
"""

import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl, unquote, urlsplit

from lotwatch.errors import UdiError
from lotwatch.master import udi
from lotwatch.master.udi.dates import yymmdd

#: longer than any identifier of GS1's, and short enough for an index
LONGEST = 512
_URN = re.compile(r"urn:epc:(?P<form>id|idpat|class):(?P<scheme>[a-z]+):(?P<rest>.+)", re.IGNORECASE)
_PREFIX_AND_REFERENCE = {"sgtin": 13, "lgtin": 13, "sscc": 17, "sgln": 12}


@dataclass(frozen=True, slots=True)
class Named:
    """What an identifier names. One of `gtin` (14 digits), `sscc` (18 digits) and `place` is set, or none of them.

    `place` is a GLN, with its extension after a dot where it has one, or the identifier itself where it is none of GS1's.
    """

    gtin: str | None = None
    lot: str | None = None
    serial: str | None = None
    usable_through: date | None = None
    sscc: str | None = None
    place: str | None = None


def identify(text: object, as_of: date) -> Named:
    """Read an identifier of a thing. `as_of` settles the century of a date. Raises ValueError saying what is wrong."""
    if not isinstance(text, str) or not text.strip():
        raise ValueError("it is no identifier")
    if len(text) > LONGEST:
        raise ValueError(f"it has {len(text):,} characters: no identifier has more than {LONGEST}")
    if match := _URN.fullmatch(text):
        return _urn(match["scheme"].lower(), match["rest"], text)
    if text.startswith(("http://", "https://")):
        return _digital_link(text, as_of)
    if text.startswith(("urn:", "ni:")):
        raise ValueError(f'"{text}" names neither an item (SGTIN, LGTIN, GTIN) nor a package (SSCC)')
    return _element_string(text, as_of)


def place_code(text: object) -> str | None:
    """The GLN (with `.extension`) that a place's identifier holds, else the identifier itself; None where it is none."""
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
        return None
    try:
        if match := _URN.fullmatch(text):
            return _urn(match["scheme"].lower(), match["rest"], text).place or text
        if text.startswith(("http://", "https://")):
            parts = _link_parts(text)
            return _place(parts["414"], parts.get("254")) if "414" in parts else text
    except ValueError:
        return text
    return text


def check_digit(body: str) -> str:
    """GS1's check digit over the digits before it (General Specifications 7.9: weights 3 and 1 from the right)."""
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


def _urn(scheme: str, rest: str, text: str) -> Named:
    if scheme not in _PREFIX_AND_REFERENCE:
        raise ValueError(f'"{text}" names neither an item (SGTIN, LGTIN, GTIN) nor a package (SSCC)')
    prefix, _, tail = rest.partition(".")
    reference, _, extension = tail.partition(".")
    digits = prefix + reference
    if not digits.isascii() or not digits.isdigit() or len(digits) != _PREFIX_AND_REFERENCE[scheme]:
        raise ValueError(f'"{text}" is not shaped like an {scheme.upper()}')
    if scheme == "sgln":
        return Named(place=_place(digits + check_digit(digits), unquote(extension)))
    # the indicator or extension digit comes first in the code and behind the company prefix in the URN
    body = reference[:1] + prefix + reference[1:]
    code = body + check_digit(body)
    if scheme == "sscc":
        return Named(sscc=code)
    number = _text(unquote(extension), text)
    if scheme == "lgtin":
        return Named(gtin=code, lot=number)
    return Named(gtin=code, serial=None if number == "*" else number)


def _digital_link(text: str, as_of: date) -> Named:
    parts = _link_parts(text)
    if "00" in parts:
        return Named(sscc=_checked(parts["00"], 18, text))
    if "01" not in parts:
        raise ValueError(f'"{text}" names neither an item (01) nor a package (00)')
    gtin = _checked(parts["01"].zfill(14), 14, text)
    through = yymmdd(parts["17"], as_of) if "17" in parts else None
    return Named(gtin=gtin, lot=parts.get("10"), serial=parts.get("21"), usable_through=through)


def _link_parts(text: str) -> dict[str, str]:
    """The application identifiers of a Digital Link and their values."""
    split = urlsplit(text)
    steps = [unquote(step) for step in split.path.split("/") if step]
    start = next((place for place, step in enumerate(steps) if step in {"00", "01", "414"}), len(steps))
    pairs = zip(steps[start::2], steps[start + 1 :: 2], strict=False)
    return dict(pairs) | {name: value for name, value in parse_qsl(split.query) if name.isdigit()}


def _element_string(text: str, as_of: date) -> Named:
    try:
        read = udi.parse(text, as_of)
    except UdiError as error:
        raise ValueError(f'"{text}" cannot be read as an identifier: {error.what}') from error
    if read.sscc:
        return Named(sscc=_checked(read.sscc, 18, text))
    return Named(read.di, read.lot_number, read.serial_number, read.usable_through)


def _checked(code: str, length: int, text: str) -> str:
    if len(code) != length or not code.isascii() or not code.isdigit():
        raise ValueError(f'"{code}" in "{text}" has not {length} digits')
    if check_digit(code[:-1]) != code[-1]:
        raise ValueError(f'the check digit of "{code}" in "{text}" does not hold')
    return code


def _place(gln: str, extension: str | None) -> str:
    return gln if extension in {None, "", "0"} else f"{gln}.{extension}"


def _text(number: str, text: str) -> str:
    if not number:
        raise ValueError(f'"{text}" has no lot or serial number')
    return number
