"""Reads XML of others: nothing that declares entities, by which a small text may grow without end or read our files."""

import re
from xml.etree import ElementTree

from lotwatch.errors import SourceError

_DECLARES = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def read_xml(content: str, name: str) -> ElementTree.Element:
    """The root element. Raises SourceError, naming the text by `name`, for what is not XML or declares entities."""
    if _DECLARES.search(content[:10_000]):
        raise SourceError("The XML declares entities, which no such message needs", where=name, do="ask for it without")
    try:
        return ElementTree.fromstring(content)  # noqa: S314 (nothing that declares entities comes this far)
    except ElementTree.ParseError as error:
        raise SourceError(f"It is not XML: {error}", where=name, do="fetch or send it again") from error


def local_name(element: ElementTree.Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]
