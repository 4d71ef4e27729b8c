"""Reads what nobody knows, compares it with our items, and keeps what is likely enough for a person to look at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from lotwatch.audit import RunContext
from lotwatch.consistency.matching.describe import describe
from lotwatch.consistency.matching.likeness import Described, Known, Match, Package
from lotwatch.db.query import query

#: a match with fewer points is not shown to anybody (measured on real devices: docs/decisions/0022)
THRESHOLD = 75
#: suggestions kept for one code
_MOST = 3


@dataclass(frozen=True, slots=True)
class _Item:
    code: str
    name: str
    maker: str | None
    registration_number: str | None
    identifiers: list[str]
    brand: str | None
    model: str | None
    catalogue_number: str | None

    def described(self) -> Described:
        return Described(
            code=self.code,
            name=self.name,
            brand=self.brand or "",
            model=self.model or "",
            catalogue_number=self.catalogue_number or "",
            maker=self.maker or "",
            registration_number=self.registration_number or "",
            identifiers=frozenset(self.identifiers),
        )


@dataclass(frozen=True, slots=True)
class _Device:
    """A device record of an identifier that is no item's yet."""

    source: str
    udi_di: str
    key: str
    name: str | None
    brand: str | None
    model: str | None
    catalogue_number: str | None
    maker: str | None
    registration_number: str | None

    def told(self) -> dict[str, str]:
        fields = ("name", "brand", "model", "catalogue_number", "maker", "registration_number")
        return {field: value for field in fields if (value := getattr(self, field))}


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A code or identifier that keeps records in quarantine."""

    source: str
    kind: str
    code: str
    key: str
    waiting: int
    raw: dict[str, Any]
    device: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class _Suggested:
    system: str
    kind: str
    their_code: str
    theirs: dict[str, str]
    waiting: int
    our_code: str
    match: Match


def suggest(conn: psycopg.Connection, context: RunContext) -> dict[str, int]:
    """Compare what is unmatched with our items; return how many suggestions there are, and how many are new.

    Unmatched are codes and device identifiers that keep records in quarantine, and items without a device identifier,
    for which a device record is looked for. What a person has rejected is not suggested again.
    """
    conn.execute(query(__package__, "lock_matching"))
    items = _items(conn)
    packages = {
        key: Package(family, level, units) for key, family, level, units in conn.execute(query(__package__, "packages"))
    }
    known = Known({item.code: item.described() for item in items}, packages)
    found = [*_for_unknown(conn, known), *_for_items(conn, [item for item in items if not item.identifiers])]
    return _keep(conn, found, context.as_of)


def _items(conn: psycopg.Connection) -> list[_Item]:
    with conn.cursor(row_factory=class_row(_Item)) as cursor:
        return cursor.execute(query(__package__, "items")).fetchall()


def _for_unknown(conn: psycopg.Connection, known: Known) -> Iterator[_Suggested]:
    with conn.cursor(row_factory=class_row(_Unknown)) as cursor:
        unknown = cursor.execute(query(__package__, "unknown")).fetchall()
    for each in unknown:
        theirs = {**describe(each.raw), **(each.device or {})}
        # a code may be an identifier itself, as scanners and catalogues give it
        described = Described.told(each.code, theirs, identifiers=frozenset({each.key}))
        for match in known.matches(described, _MOST):
            yield _Suggested(each.source, each.kind, each.code, theirs, each.waiting, match.key, match)


def _for_items(conn: psycopg.Connection, items: Sequence[_Item]) -> Iterator[_Suggested]:
    """Device records for items that have no identifier: by manufacturers and numbers that those items have."""
    if not items:
        return
    with conn.cursor(row_factory=class_row(_Device)) as cursor:
        devices = cursor.execute(query(__package__, "devices"), {"items": [item.code for item in items]}).fetchall()
    by_key = {f"{device.source}|{device.udi_di}": device for device in devices}
    known = Known({key: Described.told("", device.told()) for key, device in by_key.items()})
    for item in items:
        for match in known.matches(item.described(), _MOST):
            device = by_key[match.key]
            yield _Suggested(device.source, "identifier", device.udi_di, device.told(), 0, item.code, match)


def _keep(conn: psycopg.Connection, found: Sequence[_Suggested], as_of: datetime) -> dict[str, int]:
    likely: dict[tuple[str, str, str, str], _Suggested] = {}
    for each in found:
        key = (each.system, each.kind, each.their_code, each.our_code)
        if each.match.score >= THRESHOLD and (key not in likely or likely[key].match.score < each.match.score):
            likely[key] = each
    conn.execute(query(__package__, "make_suggested"))
    with conn.cursor() as cursor, cursor.copy(query(__package__, "copy_suggested")) as target:
        for each in likely.values():
            target.write_row((
                each.system, each.kind, each.their_code, each.our_code, each.match.score,
                Jsonb({"en": each.match.en, "zh": each.match.zh}), Jsonb(each.theirs), each.match.package_level,
                _units(each), each.waiting,
            ))  # fmt: skip
    changes = [row[0] for row in conn.execute(query(__package__, "keep_suggestions"), {"as_of": as_of})]
    return {"suggested": len(likely), "new": changes.count("INSERT")}


def _units(each: _Suggested) -> int | None:
    """Base units in a package with the identifier: one for the device itself, else what its record says."""
    if each.kind == "item":
        return None
    return (
        1 if each.match.package_level == "unit" and each.match.units_contained is None else each.match.units_contained
    )
