"""Finds what of ours a notice may mean, and decides about each lot and unit of it."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import class_row, dict_row

from lotwatch.db.query import query
from lotwatch.master.names import maker, plain
from lotwatch.recall.matching.decide import SHORTEST, decide, needs_lots, similar_makers
from lotwatch.recall.matching.model import Item, Named, Subject, Told, Verdict
from lotwatch.recall.reading import (
    STRICT,
    Clause,
    identifier_key,
    near_key,
    prose,
    spoken,
    standing,
    stems,
    trade_item_of,
)

_TRADING_AS = re.compile(r"\b(?:d\.?\s?/?b\.?\s?/?a\b\.?|doing business as|trading as|t/a)", re.IGNORECASE)
_ALL_MODELS = re.compile(
    r"\ball (?:models|sizes|configurations|(?:catalog(?:ue)?|part|item|model) numbers)\b|(?:全部|所有)(?:的)?(?:型号|规格)"
)
_NAME = re.compile(r"[^\W_]+")
#: numbers looked for among all lots where a notice names no device or is a letter to us, and of its words among those of devices
_MOST_NUMBERS = 20_000
#: shorter names of makers are words, too
_SHORTEST_NAME, _SHORTEST_CHINESE_NAME = 5, 3


class Matched(NamedTuple):
    """The verdicts on what a notice may mean; whether it names an item of ours for sure (`ours`); and the items that it may mean, of
    which nothing is here that it could name (`watched`)."""

    verdicts: dict[Subject, Verdict]
    ours: bool
    watched: set[int]


def told(notice: Mapping[str, Any], clauses: Sequence[Clause]) -> Told:
    """A version of a notice (a row of `notice_current`, with `supplier_name`) as it is matched."""
    said = notice["firm"] or notice["supplier_name"] or ""
    firms = {maker(name) for name in _TRADING_AS.split(said)} - {""}
    title = " ".join(filter(None, (notice["title"], notice["product_description"])))[:500]
    explained = {number for clause in clauses if clause.clear for number in clause.refs}
    explained |= {
        number for clause in clauses if clause.clear and (clause.dis or clause.refs) for number in clause.numbers
    }
    numbers = frozenset(standing(notice))
    words = " ".join(_NAME.findall(plain(prose(notice))))
    return Told(
        firms=frozenset(firms),
        to_us=notice["authority"] == "supplier",
        title=title,
        clauses=clauses,
        standing=numbers,
        unexplained=numbers - explained,
        spoken=frozenset(spoken(notice)),
        words=words,
        named=_named(clauses),
        all_models=bool(_ALL_MODELS.search(words)),
    )


def _named(clauses: Sequence[Clause]) -> Named:
    refs = frozenset(number for clause in clauses for number in clause.refs)
    alike, packages = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for number in refs:
        alike[near_key(number)].add(number)
    for di in {di for clause in clauses for di in clause.dis}:
        if (trade_item := trade_item_of(di)) is not None:
            packages[trade_item].add(di)
    return Named(
        clear=all(clause.clear for clause in clauses if clause.field in STRICT),
        dis=frozenset(identifier_key(di) for clause in clauses for di in clause.dis),
        refs=refs,
        stems=frozenset(stem for number in refs for stem in stems(number)),
        alike={near: frozenset(numbers) for near, numbers in alike.items()},
        masks=tuple(number for number in refs if "*" in number or "?" in number or ".." in number),
        packages={trade_item: frozenset(dis) for trade_item, dis in packages.items()},
        ways=frozenset(
            (frozenset(trade_item_of(di) is not None for di in clause.dis), bool(clause.refs))
            for clause in clauses
            if clause.dis or clause.refs
        ),
    )


def match(conn: psycopg.Connection, notice: Told, makers: Mapping[str, Sequence[str]]) -> Matched:
    """What a notice says of all lots and units of ours that it may mean.

    `makers` are those of `known_makers`.
    """
    items = _candidates(conn, notice, makers)
    # a unit may end before or after its lot
    serials = any(clause.serials or clause.either or clause.ranges or clause.dates for clause in notice.clauses)
    firms = (item for item in items if not notice.firms.isdisjoint(item.makers))
    own = frozenset(near_key(number) for item in firms for number in item.numbers)
    items = _with_lots_to_read(conn, notice, items, own)
    subjects: dict[int, list[Subject]] = {item.item_id: [] for item in items}
    with conn.cursor(row_factory=class_row(Subject)) as cursor:
        for subject in cursor.execute(query(__package__, "subjects"), {"items": list(subjects), "serials": serials}):
            subjects[subject.item_id].append(subject)
    verdicts, by_lot_alone = dict[Subject, Verdict](), dict[Subject, Verdict]()
    ours, watched = False, set[int]()
    for item in items:
        known, rest = subjects[item.item_id], Subject(item.item_id)
        found, sure = decide(notice, item, dict.fromkeys([*known, rest]), own)
        # an item that may be meant as a whole is so with what is to come, under whatever number
        if rest in found and rest not in known and found[rest].reason == "no_number":
            del found[rest]
            watched |= set() if found else {item.item_id}
        others = notice.to_us and not sure and notice.firms.isdisjoint(item.makers)
        (by_lot_alone if others else verdicts).update(found)
        ours |= sure
    # lots of different makers are often numbered alike: only where the letter names nothing of ours
    return Matched(verdicts or by_lot_alone, ours, watched)


def _with_lots_to_read(
    conn: psycopg.Connection, notice: Told, items: Sequence[Item], own: frozenset[str]
) -> list[Item]:
    """The items of which something may be said: a firm may make a good part of ours, and the lots of most are not read."""
    needed = {item.item_id: needs_lots(notice, item, own) for item in items}
    perhaps = [item_id for item_id, need in needed.items() if need is None]
    if perhaps and not any(clause.ranges for clause in notice.clauses):
        parameters = {"items": perhaps, "numbers": list(notice.standing)}
        perhaps = [item_id for (item_id,) in conn.execute(query(__package__, "numbered"), parameters)]
    needed |= dict.fromkeys(perhaps, True)
    return [item for item in items if needed[item.item_id]]


def known_makers(conn: psycopg.Connection) -> dict[str, list[str]]:
    """How our items' makers are written, by their name without its legal form."""
    known: dict[str, list[str]] = {}
    for (name,) in conn.execute(query(__package__, "makers")):
        known.setdefault(maker(name), []).append(name)
    return known


def makers_told(notice: Told, makers: Mapping[str, Sequence[str]]) -> set[str]:
    """Which makers of ours, of `known_makers`, recall or are named in a notice's words."""
    words = f" {notice.words} "
    found = similar_makers(notice.firms, makers)
    for name in makers:
        long = _SHORTEST_NAME if name.isascii() else _SHORTEST_CHINESE_NAME
        if len(name) >= long and (f" {name} " in words if name.isascii() else name in words):
            found.add(name)
    return found


def _candidates(conn: psycopg.Connection, notice: Told, makers: Mapping[str, Sequence[str]]) -> list[Item]:
    identifiers = {identifier_key(di) for clause in notice.clauses for di in clause.dis}
    numbers = {ref for clause in notice.clauses for ref in clause.refs}
    by_lot = notice.to_us or not (identifiers or numbers)
    lots = {key for clause in notice.clauses for key in clause.numbers} if by_lot else set()
    parameters = {
        "identifiers": list(identifiers),
        "numbers": list(numbers),
        "makers": [name for known in similar_makers(notice.firms, makers) for name in makers[known]],
        "lots": sorted(lots)[:_MOST_NUMBERS],
        "standing": sorted(each for each in notice.standing if len(each) >= SHORTEST)[:_MOST_NUMBERS],
    }
    with conn.cursor(row_factory=dict_row) as cursor:
        return list(_items(cursor.execute(query(__package__, "candidates"), parameters)))


def _items(rows: Any) -> Iterator[Item]:
    for row in rows:
        yield Item(
            row["item_id"],
            row["name"],
            frozenset(map(maker, row["makers"])),
            frozenset(row["identifiers"]),
            frozenset(row["numbers"]),
            frozenset(row["codes"]),
        )
