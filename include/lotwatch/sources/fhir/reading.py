"""Reads the elements of a resource, whatever is in it: what is not as it should be becomes a Problem, never an error."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from lotwatch.sources.connector import Problem
from lotwatch.sources.fhir.codes import missing, wrong_codes
from lotwatch.sources.fhir.site import FhirSite

Json = Mapping[str, Any]

#: no delivery has so many
_TOO_MANY = 10**12
_DAY = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:T.*)?")
_ID = re.compile(r"[A-Za-z0-9\-._]{1,64}")
_CODE = re.compile(r"[A-Za-z][A-Za-z-]{0,39}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_PLAIN = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-._]{1,64}")
_REFERENCE = re.compile(r"(?:^|.*/)([A-Z][A-Za-z]+/[A-Za-z0-9\-._]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?$")


class Concept(NamedTuple):
    """A coding."""

    system: str
    code: str


@dataclass(slots=True)
class Node:
    """An element and where it is; what is wrong with it or below goes to `problems`, which all of a resource share."""

    value: Json
    path: str
    problems: list[Problem]

    def wrong(self, name: str, reason: str) -> None:
        """Something is wrong with an element of this one."""
        self.problems.append(Problem(f"{self.path}.{name}" if name else self.path, reason))

    def text(self, name: str) -> str | None:
        """A string without the white space around it; None when it is missing."""
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.wrong(name, "It is not a text.")
            return None
        if storable(value) != value:
            self.wrong(name, "It has a character that no text has.")
            return None
        return value.strip() or None

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        value = self.value.get(name)
        if value is None or isinstance(value, bool):
            return value
        self.wrong(name, "It is neither true nor false.")
        return None

    def node(self, name: str) -> "Node | None":
        """An element that has elements of its own."""
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(name, "It is not an element with elements of its own.")
            return None
        return Node(value, f"{self.path}.{name}", self.problems)

    def nodes(self, name: str) -> "list[Node]":
        """Such elements, of a list or (where a version allows one) alone."""
        value = self.value.get(name)
        if value is None:
            return []
        found = value if isinstance(value, list) else [value]
        if not all(isinstance(each, dict) for each in found):
            self.wrong(name, "Not all of it are elements with elements of their own.")
            return []
        return [Node(each, f"{self.path}.{name}", self.problems) for each in found]

    def reference(self, name: str) -> str | None:
        """What a Reference names: "Type/id", or "#id" of a contained resource; a display alone names nothing."""
        node = self.node(name)
        return node.target() if node else None

    def target(self) -> str | None:
        """What this Reference (or, in R5, CodeableReference) names."""
        inner = self.value.get("reference")
        if isinstance(inner, dict):
            return Node(inner, f"{self.path}.reference", self.problems).target()
        named = self.text("reference")
        return local(named) if named else None

    def concepts(self) -> list[Concept]:
        """The codings of this CodeableConcept (or, in R5, of the concept of a CodeableReference)."""
        concept = self.node("concept") or self
        codings = ((coding.text("system"), coding.text("code")) for coding in concept.nodes("coding"))
        return [Concept(system or "", code) for system, code in codings if code]

    def last_day(self, name: str) -> date | None:
        """The last day that a date means: the month's for a month. The day as it is written, in no zone."""
        return self._day(name, _end_of)

    def first_day(self, name: str) -> date | None:
        """The first day that a date means."""
        return self._day(name, _start_of)

    def _day(self, name: str, meant: Callable[[int, int | None, int | None], date]) -> date | None:
        text = self.text(name)
        if text is None:
            return None
        parts = _DAY.fullmatch(text)
        try:
            if parts is None:
                raise ValueError
            year, month, day = (int(part) if part else None for part in parts.groups())
            return meant(year or 0, month, day)
        except ValueError:
            self.wrong(name, "It is not a date (write 2026-01-31).")
            return None

    def moment(self, name: str, zone: ZoneInfo, *, end: bool = False) -> datetime | None:
        """A moment in UTC. A day is its start in `zone`, or its last second; a month alone is no moment."""
        text = self.text(name)
        if text is None:
            return None
        try:
            if len(text) == 10:
                at = time(23, 59, 59) if end else time()
                return datetime.combine(date.fromisoformat(text), at, zone).astimezone(UTC)
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                raise ValueError
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.wrong(name, "It is not a moment with its zone (2026-01-31T08:30:00+08:00), nor a day.")
            return None

    def when(self, stem: str, zone: ZoneInfo, *, end: bool = False) -> datetime | None:
        """The moment of a choice (`stem`DateTime, `stem`Period, `stem`Timing): its start, or its end where it has one."""
        if f"{stem}DateTime" in self.value:
            return self.moment(f"{stem}DateTime", zone, end=end)
        period = self.node(f"{stem}Period")
        timing = self.node(f"{stem}Timing")
        if timing is not None:
            events = timing.value.get("event")
            if isinstance(events, list) and events:
                return Node({"event": events[-1 if end else 0]}, timing.path, self.problems).moment("event", zone)
            repeat = timing.node("repeat")
            period = repeat.node("boundsPeriod") if repeat else None
        if period is None:
            return None
        first, last = ("end", "start") if end else ("start", "end")
        return period.moment(first, zone, end=end) or period.moment(last, zone, end=end)

    def quantity(self, name: str, site: FhirSite) -> tuple[Decimal | None, str | None]:
        """(how many, of which unit: None means units of the item)."""
        node = self.node(name)
        if node is None:
            return None, None
        value = node.value.get("value")
        if node.value.get("comparator") is not None:
            node.wrong("comparator", "It says more or less than so many, not how many.")
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            node.wrong("value", "It is not a number.")
            return None, None
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            node.wrong("value", "It is not a number.")
            return None, None
        if not number.is_finite() or abs(number) >= _TOO_MANY:
            node.wrong("value", "It is no number of units.")
            return None, None
        unit = node.text("code") or node.text("unit")
        return number, None if unit is None or unit in site.each else unit


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as it was read. `deleted`: it is gone, and this is how it was last."""

    kind: str
    id: str
    content: Json
    root: Node
    deleted: bool = False
    problems: list[Problem] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Its identity in its server: "Type/id"."""
        return f"{self.kind}/{self.id}"

    @property
    def version(self) -> str | None:
        """Its version as its server counts them."""
        meta = self.content.get("meta")
        version = meta.get("versionId") if isinstance(meta, dict) else None
        return version if isinstance(version, str) else None

    @property
    def changed_at(self) -> datetime | None:
        """When it was last changed there (UTC)."""
        meta = self.content.get("meta")
        return stamp(meta.get("lastUpdated")) if isinstance(meta, dict) else None

    @property
    def status(self) -> str | None:
        """Its status; that of what is gone is an error, for whoever goes by it."""
        return "entered-in-error" if self.deleted else self.root.text("status")

    def contained(self) -> Iterator["Node"]:
        """The resources within it."""
        return iter(self.root.nodes("contained"))


def read(content: Any, kind: str, site: FhirSite, version: str | None, *, deleted: bool = False) -> Resource | None:
    """A resource of which one of type `kind` was asked for, checked; None when it has no identity."""
    if not isinstance(content, dict):
        return None
    identity = content.get("id")
    if not isinstance(identity, str) or not _ID.fullmatch(identity):
        return None
    problems: list[Problem] = []
    resource = Resource(kind, identity, content, Node(content, kind, problems), deleted, problems)
    if content.get("resourceType") != kind:
        problems.append(Problem(f"{kind}.resourceType", f"It is not a {kind}."))
        return resource
    problems += [Problem(f"{kind}.{name}", f"A {kind} must have it.") for name in missing(content)]
    for path, value, codes in wrong_codes(content, version):
        problems.append(Problem(path, f'The code "{shown(value)}" is not one of {", ".join(sorted(codes))}.'))
    for path, url in _modifiers(content, kind, site.understood_modifiers):
        reason = f"It says {url}, which may change the meaning of everything there and is not understood here."
        problems.append(Problem(path, reason))
    return resource


def local(reference: str) -> str | None:
    """ "Type/id" of a reference, relative or with an address; "#id" and "urn:..." as they are."""
    if reference.startswith(("#", "urn:")):
        return reference
    if _PLAIN.fullmatch(reference):
        return reference
    found = _REFERENCE.match(reference)
    return found.group(1) if found else None


def stamp(value: Any) -> datetime | None:
    """An instant as a server stamps it, in UTC; None when it is none."""
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, TypeError, OverflowError):
        return None


def storable(text: str) -> str:
    """A text with a sign in the place of what no database keeps as text: NUL, and halves of characters."""
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def shown(value: Any) -> str:
    """A code as it may be shown: what cannot be one may be anything, even a name."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else "(not a code)"


def _modifiers(node: Any, path: str, understood: frozenset[str]) -> Iterator[tuple[str, str]]:
    """(path, address) of everything that may change the meaning of a resource and is not understood."""
    if isinstance(node, list):
        for each in node:
            yield from _modifiers(each, path, understood)
        return
    if not isinstance(node, dict):
        return
    for name, value in node.items():
        if name == "modifierExtension":
            for each in value if isinstance(value, list) else [value]:
                url = each.get("url") if isinstance(each, dict) else None
                if url not in understood:
                    yield f"{path}.modifierExtension", storable(str(url))[:200]
        elif name == "implicitRules":
            yield f"{path}.implicitRules", storable(str(value))[:200]
        elif isinstance(value, dict | list):
            yield from _modifiers(value, f"{path}.{name}", understood)


def _start_of(year: int, month: int | None, day: int | None) -> date:
    return date(year, month or 1, day or 1)


def _end_of(year: int, month: int | None, day: int | None) -> date:
    if day is not None:
        return date(year, month or 1, day)
    following = date(year + 1, 1, 1) if month in {None, 12} else date(year, (month or 0) + 1, 1)
    return following - timedelta(days=1)
