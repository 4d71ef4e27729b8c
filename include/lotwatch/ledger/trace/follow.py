"""Follows lots and serial units: back to what they were made from, on to what they were made into, and all about each."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import psycopg

from lotwatch.ledger.trace.compose import Evidence, compose, key_of, standing, subject_of
from lotwatch.ledger.trace.model import LotTrace, Subject
from lotwatch.ledger.trace.reading import Books, DeliveryRow, Identity, Move, PartRow

#: how many transformations one after another are followed, each way
DEPTH = 5

Row = TypeVar("Row")


class _Followed:
    """What was read of each subject so far, and which ways to go on from it."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.known: dict[Subject, Identity] = {}
        self.moves: dict[Subject, list[Move]] = defaultdict(list)
        self.deliveries: dict[Subject, list[DeliveryRow]] = defaultdict(list)
        self.parts: dict[tuple[str, str], list[PartRow]] = {}

    def add(self, subjects: Iterable[Subject]) -> None:
        """Read labels, deliveries and movements of subjects that were not read yet."""
        unread = set(subjects) - self.known.keys()
        fresh = self.books.identities(unread) if unread else {}
        if not fresh:
            return
        self.known |= fresh
        sent = self.books.deliveries(fresh)
        outbound = {row.number for row in sent if row.direction == "outbound" and row.number}
        _collect(self.deliveries, sent)
        _collect(self.moves, self.books.moves(fresh, sorted(outbound)))
        keys = {key for subject in fresh for key in self.transformations(subject)}
        for row in self.books.parts(keys - self.parts.keys()):
            self.parts.setdefault((row.source, row.transformation_key), []).append(row)

    def transformations(self, subject: Subject) -> set[tuple[str, str]]:
        """(source, transformation key) of those that the subject took part in."""
        return {
            (move.source, move.transformation_key)
            for move in standing(self.moves[subject])
            if move.source is not None and move.transformation_key is not None
        }

    def beyond(self, subject: Subject, *, forward: bool) -> set[Subject]:
        """What the subject was made into, or (not `forward`) made from."""
        found: set[Subject] = set()
        for key in self.transformations(subject):
            rows = standing(self.parts[key])
            here = {row.goes_in for row in rows if subject_of(row, of_unit=bool(subject.serial_id)) == subject}
            if forward in here:  # it went in, and what came out is wanted; or the other way round
                found |= {
                    other
                    for row in rows
                    if row.goes_in is not forward and (other := subject_of(row, of_unit=bool(subject.serial_id)))
                }
        return found - {subject}


def trace_subjects(
    conn: psycopg.Connection[Any], subjects: Sequence[Subject], as_of: datetime | None = None, depth: int = DEPTH
) -> tuple[LotTrace, ...]:
    """Trace lots and serial units and all that they were made from and into, `depth` transformations each way.

    As of now, or as things were at `as_of` by all that is known of it today. What was asked for comes first, in its
    order. From what they were made from it goes back only, and from what they were made into forward only: what else
    was made of the same source is named, but not followed.
    """
    followed = _Followed(Books(conn, as_of))
    followed.add(subjects)
    for forward in (False, True):
        edge = set(subjects) & followed.known.keys()
        seen = set(edge)
        for _ in range(depth):
            edge = {other for subject in edge for other in followed.beyond(subject, forward=forward)} - seen
            followed.add(edge)
            edge &= followed.known.keys()
            seen |= edge
    first = [subject for subject in dict.fromkeys(subjects) if subject in followed.known]
    rest = sorted(followed.known.keys() - set(first), key=lambda subject: key_of(followed.known[subject]))
    evidence = _evidence(followed)
    return tuple(compose(subject, evidence) for subject in (*first, *rest))


def _evidence(followed: _Followed) -> Evidence:
    """All that is told of the subjects, ready to be put together."""
    books, known = followed.books, followed.known
    all_moves = [move for moves in followed.moves.values() for move in moves]
    all_deliveries = [row for rows in followed.deliveries.values() for row in rows]
    places = books.places(
        [place for move in all_moves for place in (move.from_location_id, move.to_location_id)]
        + [place for row in all_deliveries for place in (row.from_site_id, row.to_location_id, row.wanted_at_id)]
    )
    visited = {
        (subject, place)
        for subject, moves in followed.moves.items()
        for move in moves
        for place in (move.from_location_id, move.to_location_id)
        if places[place].holds_stock
    }
    evidence = Evidence(known, followed.moves, followed.deliveries, followed.parts, places)
    if books.as_of is None:
        _collect(evidence.stock, books.stock(known, visited))
    else:
        evidence.add_stock_of_moves()
    lying = [(subject, row.location_id) for subject, rows in evidence.stock.items() for row in rows]
    _collect(evidence.holds, books.holds(known, lying))
    _collect(evidence.exposures, books.exposures(known, visited))
    _collect(evidence.set_aside, books.set_aside(known))
    evidence.orders |= books.orders(move.order_line_key for move in all_moves if move.order_line_key)
    further = {row.location_id for rows in evidence.holds.values() for row in rows}
    further |= {
        place for rows in evidence.set_aside.values() for row in rows for place in (row.location_id, row.wanted_at_id)
    }
    for exposures in evidence.exposures.values():
        further |= {place for row in exposures for place in (row.from_location_id, row.to_location_id)}
    if unknown := further - places.keys() - {None}:
        evidence.places |= books.places(unknown)
    return evidence


def _collect(by_subject: dict[Subject, list[Row]], rows: Iterable[Row]) -> None:
    for row in rows:
        by_subject.setdefault(Subject(row.lot_id, row.serial_id), []).append(row)  # type: ignore[attr-defined]
