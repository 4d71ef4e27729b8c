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
    and another told: its key has the number of the change. A version that cannot be understood changes nothing, and goes
    to quarantine if it is the last.
    """
    *before, last = versions
    if not before and last.status == "entered-in-error":
        yield from _mistake(last, told, around)
        return
    readable = [version for version in before if not version.problems]
    stories: dict[str, list[_Told | None]] = {}
    for place, version in enumerate([*readable, last]):
        for event in told(version, around):
            story = stories.setdefault(event.key, [None] * place)
            story.append(_Told(event, version))
        for story in stories.values():
            story.extend([None] * (place + 1 - len(story)))
    if last.problems and not any(story[-1] for story in stories.values()):
        believed = [event.key for event in told(_believed(last), around)]
        for key in believed or [last.key]:  # by the keys under which it will be told once it is right
            yield Record(key, raw(last.content, last.kind), {}, unique(last.problems))
    for key, story in stories.items():
        yield from _story(key, story, last)


def unique(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once, in the order in which they were met."""
    return tuple(dict.fromkeys(problems))


def _mistake(error: Resource, told: Told, around: Around) -> Iterator[Record]:
    """What was recorded in error, of which no earlier version is known: told, if it still says what, and taken back."""
    events = list(told(_believed(error), around))
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
    for place, told in enumerate(story):
        final = place == len(story) - 1
        if told is not None and told.version.problems:
            if final:
                yield _record(key, told, unique(told.version.problems))
            continue
        if told is None and final and last.problems:
            continue  # nobody knows what the last version would have said
        if current is not None and not current.same(told):
            yield _reversal(current_key, last)
            current = None
        if told is not None and current is None:
            number += 1
            current_key = key if number == 1 else f"{key};{number}"
            current = told
            yield _record(current_key, told)


def _record(key: str, told: _Told, problems: tuple[Problem, ...] = ()) -> Record:
    row = told.event.row | {"occurred_at": told.event.occurred_at or told.version.changed_at}
    return Record(key, raw(told.version.content, told.version.kind), row, problems)


def _reversal(key: str, last: Resource) -> Record:
    row = {"kind": "reversal", "reverses_key": key, "reason": f"{last.kind} {last.status or 'changed'}"}
    return Record(f"{key}{REVERSED}", raw(last.content, last.kind), row)
