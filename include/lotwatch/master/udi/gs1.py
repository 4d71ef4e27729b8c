"""GS1: element strings as scanned or printed, GS1 Digital Links and plain GTINs, read with `biip`.

Decisions where the GS1 General Specifications leave room or practice departs from them:

* White space is never part of an element (it is not in GS1's character set 82), so it is layout: it is dropped, and
  where every piece between white space is itself a run of complete elements, it ends them. Both are warned about when
  they concern a value that is not all digits.
* A variable-length element runs to the next separator or the end, as the standard has it. If the text has no separator
  at all and the value could hide a further element of a UDI, a warning says so. If the value has its greatest length
  and the text goes on, the separator is certainly missing, and the text is refused.
* Day 00 of an expiry date is the last day of the month; of a production date the first,
  so that remaining life is never overstated and production does not appear to lie in the future.
* `biip` takes the century of a date from the clock; dates are therefore read here, from the digits that it delivers.
* Without brackets, separator or symbology identifier a text must begin with an SSCC, a GTIN or a date: a text such as
  10ABC cannot be told from a plain number.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from biip import ParseConfig, ParseError
from biip.checksums import gs1_standard_check_digit
from biip.gs1_application_identifiers import GS1ApplicationIdentifier
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_element_strings import GS1ElementString

from lotwatch.errors import UdiError
from lotwatch.master.udi import dates
from lotwatch.master.udi.draft import Draft
from lotwatch.master.udi.model import Udi
from lotwatch.master.udi.text import GS, SPACE, Text, refuse

_CONFIG = ParseConfig(gs1_element_strings_verify_date=False)
_BRACKET = re.compile(r"\((\d{2,4})\)", re.ASCII)
_DATES = ("11", "12", "13", "15", "16", "17")
_MAY_STAND_ALONE = ("00", "01", "02", *_DATES)
_IDENTIFYING = ("di", "content_di", "sscc", "lot_number", "serial_number", "manufactured_on", "usable_through")
_RESCAN = "Scan it again with the reader set to send the separator (GS), or type it as printed, with the brackets."


class Element(NamedTuple):
    """One element string: its application identifier, its value and where it begins in the raw text."""

    ai: str
    value: str
    place: int


def read(text: Text, as_of: date) -> Udi:
    """Read a text in GS1's syntax; raises UdiError as `parse` does."""
    draft = Draft(text.raw, "GS1", as_of)
    if re.match("https?://", text.chars, re.IGNORECASE):
        elements = _digital_link(text)
    elif _BRACKET.match(text.chars):
        elements = list(_bracketed(text, draft))
    elif gtin := _plain_gtin(text):
        elements = [Element("01", gtin, 0)]
    else:
        elements = _scanned(text, draft)
    for element in _once(elements, text):
        _note(element, draft)
    _note_best_before(elements, draft)
    if not any(map(draft.has, _IDENTIFYING)):
        text.refuse(0, "The text has no device, lot, serial or shipping unit in it", "Scan or type the whole label.")
    return draft.finish()


def check_digit_holds(number: str) -> bool:
    """Say whether the last digit of a GTIN or SSCC is its check digit."""
    return gs1_standard_check_digit(number[:-1]) == int(number[-1])


# --- four ways to write elements ---


def _digital_link(text: Text) -> list[Element]:
    link = text.without_space()
    try:
        parsed = GS1DigitalLinkURI.parse(link.chars, config=_CONFIG)
    except (ParseError, ValueError) as error:
        link.refuse(0, f"The address is no GS1 Digital Link ({error})", "Scan the UDI itself, or type it as printed.")
    return [Element(found.ai.ai, found.value, 0) for found in parsed.element_strings]


def _bracketed(text: Text, draft: Draft) -> Iterator[Element]:
    found = [match for match in _BRACKET.finditer(text.chars) if match.start() == 0 or _begins_element(match)]
    for match, following in zip(found, [*found[1:], None], strict=True):
        end = following.start() if following else len(text.chars)
        written = text.chars[match.end() : end].replace(GS, "").strip()
        value = re.sub(SPACE, "", written)
        if not value:
            text.refuse(match.start(), f"{match[0]} has no value", "Type the whole label as printed.")
        if value != written and not value.isdecimal():
            draft.warn("space_dropped", element=match[0], value=value)
        yield Element(match[1], value, text.place(match.start()))


def _begins_element(bracket: re.Match[str]) -> bool:
    """Say whether a bracketed number is an identifier. Brackets are also in set 82: a lot may be A(12)B."""
    if not _is_identifier(bracket[1]):
        return False
    following = bracket.string[bracket.end() :].lstrip()
    return "X" in GS1ApplicationIdentifier.extract(bracket[1]).format or following[:1].isdecimal()


def _plain_gtin(text: Text) -> str | None:
    """Return a GTIN that stands alone. Eight or twelve digits are taken for one only if the check digit holds."""
    digits = text.without_space().chars
    if not (digits.isascii() and digits.isdigit() and len(digits) in {8, 12, 13, 14}):
        return None
    if check_digit_holds(digits):
        return digits
    dated = digits.startswith(_DATES) and _is_complete(digits)  # an expiry date and a lot may have fourteen digits too
    return None if len(digits) < 13 or dated else digits


def _scanned(text: Text, draft: Draft) -> list[Element]:
    plain = text.without_space()
    separated = GS in plain.chars.strip(GS)
    if GS not in plain.chars and not plain.chars.startswith(_MAY_STAND_ALONE):
        plain.refuse(0, "The text is not a UDI of a known agency", "Scan the whole UDI, or type it as printed.")
    pieces = _pieces(text)
    if not separated and len(pieces) > 1 and all(_is_complete(piece.chars) for piece in pieces):
        draft.warn("space_as_separator")
        return [element for piece in pieces for element in _elements(piece, draft, separated=False)]
    elements = list(_elements(plain, draft, separated=separated))
    for element in elements:
        if not element.value.isdecimal() and element.value not in text.chars:
            draft.warn("space_dropped", element=f"({element.ai})", value=element.value)
    return elements


def _pieces(text: Text) -> list[Text]:
    """Split at white space, but not between an identifier and its value."""
    pieces: list[Text] = []
    for piece in text.split():
        if pieces and _is_identifier(pieces[-1].chars):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces


# --- element strings without brackets ---


def _elements(text: Text, draft: Draft | None, *, separated: bool) -> Iterator[Element]:
    """Yield each element of a text without white space; `separated` says that it is known to carry its separators."""
    seen: set[str] = set()
    index = 0
    while index < len(text.chars):
        if text.chars[index] == GS:
            index += 1
            continue
        end = text.chars.find(GS, index)
        end = len(text.chars) if end < 0 else end
        ai, value = _first_element(text, index, end)
        after = index + len(ai.ai) + len(value)
        variable = ".." in ai.format
        if variable and after < end:
            what = f"The separator after ({ai.ai}) {value} is missing"
            text.refuse(after, what, _RESCAN)
        if draft and variable and not separated and (hidden := _hidden(value, seen | {ai.ai})):
            draft.warn("separator_doubtful", element=f"({ai.ai})", value=value, hidden=hidden)
        seen.add(ai.ai)
        yield Element(ai.ai, value, text.place(index))
        index = after


def _first_element(text: Text, index: int, end: int) -> tuple[GS1ApplicationIdentifier, str]:
    rest = text.chars[index:end]
    if not rest.isascii():
        index += next(i for i, char in enumerate(rest) if not char.isascii())
        text.refuse(index, f"The character {text.chars[index]!r} cannot be in a UDI of GS1", _RESCAN)
    try:
        found = GS1ElementString.extract(rest, config=_CONFIG)
    except ParseError:
        if rest.startswith(_DATES) and re.match(r"\d{8}", rest):
            return GS1ApplicationIdentifier.extract(rest), rest[2:8]  # no date, but its length is known
        text.refuse(index, f"{rest[:20]!r} is no element of a UDI of GS1", _RESCAN)
    return found.ai, found.value


def _is_complete(piece: str) -> bool:
    text = Text(piece, piece, tuple(range(len(piece))))
    try:
        return bool(list(_elements(text, None, separated=True)))
    except UdiError:
        return False


def _hidden(value: str, seen: set[str]) -> str | None:
    """Return the identifier of an element of a UDI, not yet seen, that the end of a value could be."""
    for index in range(1, len(value) - 2):
        ai, rest = value[index : index + 2], value[index + 2 :]
        if ai in seen:
            continue
        if ai in {"10", "21"}:
            return ai
        if ai in _DATES and re.fullmatch(r"\d{6}((01|1[01357]|21).+)?", rest) and _is_complete(value[index:]):
            return ai
        if ai == "01" and re.match(r"\d{14}", rest) and check_digit_holds(rest[:14]):
            return ai
    return None


def _is_identifier(ai: str) -> bool:
    try:
        return GS1ApplicationIdentifier.extract(ai).ai == ai
    except ParseError:
        return False


# --- what elements say ---


def _note(element: Element, draft: Draft) -> None:
    ai, value, place = element
    name = f"({ai})"
    if ai in {"01", "02"}:
        _note_gtin(element, draft)
    elif ai == "00":
        _note_sscc(element, draft)
    elif ai in {"10", "21"}:
        _warn_if_nonstandard(element, draft)
        draft.set("lot_number" if ai == "10" else "serial_number", value, place)
    elif ai == "11":
        day = _date(element, draft, unknown="first")
        if day and value.endswith("00"):
            draft.warn("manufactured_month_only", element=name)
        draft.manufactured(day, name, value, place)
    elif ai == "17":
        draft.expires(_date(element, draft), name, value)
    elif ai == "7003" and re.fullmatch(r"\d{10}", value, re.ASCII):
        draft.expires_at(dates.yymmdd(value[:6], draft.as_of), value[6:], name, value)
    elif ai in {"30", "37"} and not draft.has("quantity") and re.fullmatch(r"\d{1,8}", value, re.ASCII):
        draft.set("quantity", int(value), place)
    else:
        _warn_if_nonstandard(element, draft)
        draft.keep(ai, value)


def _once(elements: list[Element], text: Text) -> Iterable[Element]:
    """Return the elements, each once: a label may repeat one, but not with another value."""
    said: dict[str, Element] = {}
    for element in elements:
        first = said.setdefault(element.ai, element)
        if first.value != element.value:
            what = f"({element.ai}) is there twice with different values: {first.value} and {element.value}"
            refuse(text.raw, element.place, what, "Read one label at a time, and compare with its print.")
    return said.values()


def _note_gtin(element: Element, draft: Draft) -> None:
    ai, value, place = element
    if not (value.isascii() and value.isdigit() and len(value) in {8, 12, 13, 14}):
        refuse(draft.raw, place, f"({ai}) {value} is no GTIN: it has 8, 12, 13 or 14 digits", "Compare with the label.")
    gtin = value.zfill(14)
    _warn_of_check_digit(element, draft)
    draft.set("di" if ai == "01" else "content_di", gtin, place)
    if ai == "01":
        draft.set("package_level", int(gtin[0]), place)


def _note_sscc(element: Element, draft: Draft) -> None:
    if not re.fullmatch(r"\d{18}", element.value, re.ASCII):
        what = f"(00) {element.value} is no SSCC: it has 18 digits"
        refuse(draft.raw, element.place, what, "Compare with the label.")
    _warn_of_check_digit(element, draft)
    draft.set("sscc", element.value, element.place)


def _note_best_before(elements: list[Element], draft: Draft) -> None:
    """Take the best-before date for the expiry date of a label that has none: the careful reading."""
    best_before = next((element for element in elements if element.ai == "15"), None)
    if best_before is None or draft.has("usable_through") or any(element.ai == "17" for element in elements):
        return
    draft.warn("best_before")
    draft.expires(_date(best_before, draft), "(15)", best_before.value)


def _date(element: Element, draft: Draft, unknown: dates.Day = "last") -> date | None:
    """Read YYMMDD, or the year of four digits that some print."""
    if len(element.value) == 6:
        return dates.yymmdd(element.value, draft.as_of, unknown)
    day = dates.yyyymmdd(element.value, unknown)
    if day:
        draft.warn("date_long", element=f"({element.ai})", value=element.value)
    return day


def _warn_of_check_digit(element: Element, draft: Draft) -> None:
    if not check_digit_holds(element.value):
        expected = gs1_standard_check_digit(element.value[:-1])
        draft.warn("check_digit", element=f"({element.ai})", value=element.value, expected=expected)


def _warn_if_nonstandard(element: Element, draft: Draft) -> None:
    name, value = f"({element.ai})", element.value
    if not _is_identifier(element.ai):
        draft.warn("identifier_unknown", element=name, value=value)
        return
    try:
        GS1ElementString.parse(element.ai + value, config=_CONFIG)
    except ParseError:
        draft.warn("value_nonstandard", element=name, value=value)
