"""Reads XML of the outside world: no entities, no document type, nothing fetched, bounded in size and depth."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lxml import etree

#: characters; the largest advices have some thousands of lines
LARGEST = 8 * 1024 * 1024
NAMESPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
DESPATCH_ADVICE = "{urn:oasis:names:specification:ubl:schema:xsd:DespatchAdvice-2}DespatchAdvice"
_END_OF_DAY = time(23, 59, 59)
#: it names the encoding of the bytes that this text was read from
_DECLARATION = re.compile(r"^\ufeff?\s*<\?xml[^>]*\?>")


def read_advice(text: str) -> etree._Element:
    """The document's root. Raises ValueError saying why it is no despatch advice that can be read safely."""
    return read_document(text, DESPATCH_ADVICE)


def read_document(text: str, tag: str) -> etree._Element:
    """The root of a document that begins with `tag`. Raises ValueError saying why it is none that can be read safely."""
    if len(text) > LARGEST:
        raise ValueError(f"it has {len(text):,} characters, more than {LARGEST:,}")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("it has a document type declaration, which no UBL document needs")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(_DECLARATION.sub("", text).encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ValueError(f"it is no well-formed XML: {str(error)[:200]}") from error
    if root.tag != tag:
        raise ValueError(f"its root is {str(root.tag)[:100]}, not {etree.QName(tag).localname} of UBL 2")
    return root


def nodes(node: etree._Element, path: str) -> Iterator[etree._Element]:
    """The elements at a path."""
    yield from node.iterfind(path, NAMESPACES)


def text(node: etree._Element, *paths: str) -> str | None:
    """The first text that is there at one of the paths."""
    for path in paths:
        for found in nodes(node, path):
            if found.text and (content := found.text.strip()):
                return content
    return None


def alone(node: etree._Element, without: str) -> str:
    """An element as text, without its children of a name."""
    copy = etree.fromstring(etree.tostring(node, with_tail=False))
    for child in list(copy):
        if child.tag == f"{{{NAMESPACES['cac']}}}{without}":
            copy.remove(child)
    return etree.tostring(copy, encoding="unicode")


def moment(day: str | None, at: str | None, zone: ZoneInfo, *, end_of_day: bool = False) -> datetime | None:
    """A day and a time of day as a moment in UTC; without a time, the day's beginning or its end. None without a day.

    Raises ValueError for what is neither. Either part may name its own zone (XML Schema Part 2: date, time).
    """
    if day is None:
        return None
    on, day_zone = _zoned(day, 10)
    plain = date.fromisoformat(on)
    if at is None:
        return datetime.combine(plain, _END_OF_DAY if end_of_day else time(), day_zone or zone).astimezone(UTC)
    clock = time.fromisoformat(at)
    return datetime.combine(plain, clock, clock.tzinfo or day_zone or zone).astimezone(UTC)


def _zoned(day: str, length: int) -> tuple[str, ZoneInfo | None]:
    """A day without its zone, and the zone: none, Z or an offset, of which only UTC has a name."""
    rest = day[length:]
    if rest in {"", "Z"}:
        return day[:length], ZoneInfo("UTC") if rest else None
    # an offset: the moment is worked out by datetime itself
    shifted = datetime.fromisoformat(f"{day[:length]}T00:00:00{rest}")
    offset = shifted.utcoffset() or timedelta()
    hours = -int(offset.total_seconds() // 3600)
    return day[:length], ZoneInfo(f"Etc/GMT{hours:+d}" if hours else "UTC")
