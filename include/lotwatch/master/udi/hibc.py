"""HIBC: the Supplier Labeling Standard of HIBCC (ANSI/HIBC 2.6), for which no well-kept Python library exists.

The primary data structure is + labeler (a letter and three characters), product (1 to 18), unit of measure (a digit)
and the check character; the secondary is + then $lot, $+serial, $$ or $$+ with a dated lot or serial, or YYJJJ and a
lot, then the link character (the check character of the primary it belongs to) and its own check character. Both may be
one message with / between them, further data following as /14D, /16D, /S and /Q, with one check character at the end.
It is modulo 43 over the whole message and may be a space, which printing shows as an underscore and transmission may
lose. Asterisks around the print are not data.

The device identifier is the primary without + and check character, as GUDID and EUDAMED list it. Two barcodes may be
given in one text with white space between them.
"""

import re
from datetime import date

from lotwatch.master.udi import dates
from lotwatch.master.udi.draft import Draft
from lotwatch.master.udi.model import Udi
from lotwatch.master.udi.text import Text, refuse

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
_PRIMARY = re.compile(r"\+([A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}([0-9]))")
_SECONDARY = re.compile(r"(\${1,2})(\+?)(.*)")
_JULIAN = re.compile(r"(\d{5})(.*)", re.ASCII)
_SUPPLEMENT = re.compile(r"(14D|16D|[0-9]*[A-Z])(.*)")
# an expiry date's flag: how many digits follow it, the hour included
_FLAGS = {"2": 6, "3": 6, "4": 8, "5": 5, "6": 7}
_BEHIND = "*_ \t\r\n\x1d"
_BEFORE_NEXT = re.compile(r"\s\*?(?=\+[A-Z0-9$])")
_WHOLE = "Scan it again, or type the whole barcode text with its capitals and signs."


def read(text: Text, as_of: date) -> Udi:
    """Read a text in HIBC's syntax; raises UdiError as `parse` does."""
    draft = Draft(text.raw, "HIBCC", as_of)
    link: str | None = None
    for barcode, place in _barcodes(text):
        if barcode.startswith("++"):
            refuse(
                text.raw, place, "This is a Basic UDI-DI, which groups devices and is on no label", "Scan the label."
            )
        body = _without_check_character(barcode, draft)
        if barcode[1].isalpha():
            body = _read_primary(body, barcode, place, draft)
            link = check_character(body)
        else:
            _read_secondary_barcode(body, link, place, draft)
    return draft.finish()


def check_character(message: str) -> str:
    """Return the modulo 43 check character of a message that begins with +."""
    return _ALPHABET[sum(map(_ALPHABET.index, message)) % 43]


def _barcodes(text: Text) -> list[tuple[str, int]]:
    """Return each barcode, beginning with +, and where it begins in the raw text; white space behind it is one space."""
    start = text.chars.index("+")
    ends = [gap.start() for gap in _BEFORE_NEXT.finditer(text.chars, start)] + [len(text.chars)]
    found = []
    for end in ends:
        barcode = text.chars[start:end].rstrip(_BEHIND)
        behind = text.chars[start + len(barcode) : end]
        for offset, char in enumerate(barcode):
            if char not in _ALPHABET:
                text.refuse(start + offset, f"The character {char!r} cannot be in a UDI of HIBC", _WHOLE)
        if len(barcode) < 3:
            text.refuse(start, "The text ends before the UDI does", _WHOLE)
        found.append((barcode + (" " if set(behind) & {" ", "_"} else ""), text.place(start)))
        start = text.chars.find("+", end)
    return found


def _without_check_character(barcode: str, draft: Draft) -> str:
    message = barcode.removesuffix(" ")
    if message != barcode and check_character(message) == " ":
        return message
    body, read_as = message[:-1], message[-1]
    expected = check_character(body)
    if read_as == expected:
        return body
    if check_character(message) == " ":
        return message  # the check character is a space that got lost
    draft.warn("check_character", read=read_as, expected=expected)
    return body


def _read_primary(body: str, barcode: str, place: int, draft: Draft) -> str:
    """Read a barcode that begins with the device identifier; return what its check character stands for."""
    parts = body.split("/")
    found = _PRIMARY.fullmatch(parts[0])
    if not found and "/" not in barcode and (found := _PRIMARY.fullmatch(barcode.removesuffix(" "))):
        draft.warn("check_character_missing")  # its last character can only be the unit of measure
        body = barcode.removesuffix(" ")
    if not found:
        what = f"{parts[0]!r} is no device identifier of HIBC (labeler, product, unit of measure)"
        refuse(draft.raw, place, what, _WHOLE)
    draft.set("di", found[1], place)
    draft.set("package_level", int(found[2]), place)
    for part in parts[1:]:
        _read_part(part, place, draft)
    return body


def _read_secondary_barcode(body: str, link: str | None, place: int, draft: Draft) -> None:
    message, read_as = body[1:-1], body[-1]
    draft.keep("link", read_as)
    if link is not None and read_as != link:
        draft.warn("link_character", read=read_as, expected=link)
    for part in message.split("/"):
        _read_part(part, place, draft)


def _read_part(part: str, place: int, draft: Draft) -> None:
    """Read what stands between two slashes: secondary or supplemental data."""
    if found := _SECONDARY.fullmatch(part):
        dollars, plus, rest = found.groups()
        if dollars == "$$":
            rest = _read_quantity_and_expiry(rest, draft)
        if rest:
            draft.set("serial_number" if plus else "lot_number", rest, place)
    elif (found := _SUPPLEMENT.fullmatch(part)) and (found[1] in {"14D", "16D"} or not _JULIAN.match(part)):
        _read_supplement(found[1], found[2], place, draft)
    elif found := _JULIAN.fullmatch(part):
        draft.expires(dates.yyjjj(found[1], draft.as_of), "YYJJJ", found[1])
        if found[2]:
            draft.set("lot_number", found[2], place)
    else:
        refuse(draft.raw, place, f"{part!r} is no data of HIBC", _WHOLE)


def _read_supplement(identifier: str, value: str, place: int, draft: Draft) -> None:
    if identifier == "14D":
        draft.expires(dates.yyyymmdd(value), "/14D", value)
    elif identifier == "16D":
        draft.manufactured(dates.yyyymmdd(value), "/16D", value, place)
    elif identifier == "S" and value:
        draft.set("serial_number", value, place)
    elif identifier == "Q" and re.fullmatch(r"\d{1,9}", value, re.ASCII):
        draft.set("quantity", int(value), place)
    else:
        draft.keep(identifier, value)


def _read_quantity_and_expiry(rest: str, draft: Draft) -> str:
    """Read what follows $$ up to the lot or serial, and return that."""
    if not (quantity := re.match(r"8(\d{2})|9(\d{5})", rest, re.ASCII)):
        return _read_expiry(rest, draft)
    draft.set("quantity", int(quantity[1] or quantity[2]))
    rest = rest[quantity.end() :]
    return _read_expiry(rest, draft) if _expiry(rest, draft.as_of) or rest.startswith("7") else rest


def _read_expiry(rest: str, draft: Draft) -> str:
    """Read a date and its flag; without a date (flag 7) there is only the flag to take off."""
    if rest.startswith("7"):
        return rest[1:]
    flag, digits, rest = _split_expiry(rest)
    day = _expiry(flag + digits, draft.as_of)
    if flag in {"4", "6"} and day:
        draft.expires_at(day, digits[-2:], "$$", flag + digits)
    else:
        draft.expires(day, "$$", flag + digits)
    return rest


def _split_expiry(rest: str) -> tuple[str, str, str]:
    """Return flag (empty for MMYY), digits, and what follows."""
    length = _FLAGS.get(rest[:1])
    return ("", rest[:4], rest[4:]) if length is None else (rest[0], rest[1 : 1 + length], rest[1 + length :])


def _expiry(rest: str, as_of: date) -> date | None:
    """Return the day in a flagged date; a month means its last day."""
    flag, digits, _ = _split_expiry(rest)
    if flag == "":
        return dates.yymmdd(f"{digits[2:]}{digits[:2]}00", as_of)
    if flag == "2":
        return dates.yymmdd(digits[4:] + digits[:4], as_of)
    if flag in {"3", "4"}:
        return dates.yymmdd(digits[:6], as_of) if digits.isdigit() else None
    return dates.yyjjj(digits[:5], as_of) if digits.isdigit() else None
