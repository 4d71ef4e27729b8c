"""A resource's versions as movements: what it says now, and what takes back what it said before."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lotwatch.sources.connector import Problem, Record
from lotwatch.sources.fhir.around import Around
from lotwatch.sources.fhir.privacy import raw
from lotwatch.sources.fhir.reading import Node, Resource

REVERSED = ";reversed"


@dataclass(frozen=True, slots=True)
class Event:
    """What moved by what one version of a resource says. `occurred_at` None: it does not say when."""

    key: str
    row: dict[str, Any]
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Told:
    """An event with the version that told it."""

    event: Event
    version: Resource

    def same(self, other: "_Told | None") -> bool:
        return other is not None and (self.event.row, self.event.occurred_at) == (
            other.event.row,
            other.event.occurred_at,
        )


#: (a version of a resource, what it refers to) -> what moved by it
Told = Callable[[Resource, Around], Iterable[Event]]


def movements(versions: Sequence[Resource], told: Told, around: Around) -> Iterator[Record]:
    """The rows of stage.movement of one resource, from its versions, the oldest first (or its last one alone).

    What a resource has said is a movement for ever. When a later version says something else, the movement is taken back
    and another told: its key has the number of the change. While the last version cannot be understood nothing is told,
    under the keys that it will be told by; an earlier one that cannot be told nothing when it was the last.
    """
    *before, last = versions
    if not before and last.status == "entered-in-error":
        yield from _mistake(last, told, around)
        return
    now = list(told(last, around))
    if last.problems:
        keys = [event.key for event in now] or [event.key for event in told(_believed(last), around)]
        for key in keys or [last.key]:
            yield Record(key, raw(last.content, last.kind), {}, unique(last.problems))
        return
    stories: dict[str, list[_Told | None]] = {}
    for place, (version, events) in enumerate([*_readable(before, told, around), (last, now)]):
        for event in events:
            stories.setdefault(event.key, [None] * place).append(_Told(event, version))
        for story in stories.values():
            story.extend([None] * (place + 1 - len(story)))
    for key, story in stories.items():
        yield from _story(key, story, last)


def _readable(versions: Iterable[Resource], told: Told, around: Around) -> Iterator[tuple[Resource, list[Event]]]:
    """The versions that can be understood, with what each told."""
    for version in versions:
        events = list(told(version, around))
        if not version.problems:
            yield version, events


def unique(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once, in the order in which they were met."""
    return tuple(dict.fromkeys(problems))


def _mistake(error: Resource, told: Told, around: Around) -> Iterator[Record]:
    """What was recorded in error, of which no earlier version is known: told, if it still says what, and taken back."""
    events = list(told(_believed(error), around))
    if not events and not error.problems:
        return  # it never told of anything
    if error.problems:
        events = []
    for event in events:
        row = event.row | {"occurred_at": event.occurred_at or error.changed_at}
        yield Record(event.key, raw(error.content, error.kind), row)
    for key in [event.key for event in events] or [error.key]:
        yield _reversal(key, error)


def _believed(doubted: Resource) -> Resource:
    """A resource as if it told what has happened; its problems are the resource's."""
    content = {**doubted.content, "status": "completed"}
    root = Node(content, doubted.kind, doubted.problems)
    return Resource(doubted.kind, doubted.id, content, root, False, doubted.problems)


def _story(key: str, story: list[_Told | None], last: Resource) -> Iterator[Record]:
    """One event through the versions: each change takes back the one before."""
    number = 0
    current: _Told | None = None
    current_key = key
    for told in story:
        if current is not None and not current.same(told):
            yield _reversal(current_key, last)
            current = None
        if told is not None and current is None:
            number += 1
            current_key = key if number == 1 else f"{key};{number}"
            current = told
            yield _record(current_key, told)


def _record(key: str, told: _Told) -> Record:
    row = told.event.row | {"occurred_at": told.event.occurred_at or told.version.changed_at}
    return Record(key, raw(told.version.content, told.version.kind), row)


def _reversal(key: str, last: Resource) -> Record:
    row = {"kind": "reversal", "reverses_key": key, "reason": f"{last.kind} {last.status or 'changed'}"}
    return Record(f"{key}{REVERSED}", raw(last.content, last.kind), row)
