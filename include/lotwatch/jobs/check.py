"""Is a source as it should be? Looks, keeps nothing, and says of each thing what is wrong and what to do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from lotwatch.errors import LotwatchError, nearest
from lotwatch.sources.connector import Connector, Login, Record
from lotwatch.sources.registry import Source, connector

#: what reading by stamps stands, and what it does not: the overlap of a pull is ten minutes
ODD_SKEW, WRONG_SKEW = timedelta(seconds=30), timedelta(minutes=5)
#: of a page, how many records are looked at for fields that no entity has
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `state` is ok, odd (it works, but look) or wrong; `do` says what to do about it."""

    subject: str
    state: str
    what: str
    do: str = ""


def check_source(
    source: Source, login: Login, now: datetime, columns: Mapping[str, Sequence[str]] | None = None
) -> Iterator[Finding]:
    """Connection, login, clock, and one page of each entity, in that order; ends where going on makes no sense.

    `columns` are the staging tables' (entity -> names): with them a field that no entity has is told.
    """
    try:
        system = connector(source, login)
    except LotwatchError as error:
        yield _wrong("options", error)
        return
    try:
        shown = system.server_time()
    except LotwatchError as error:
        yield _wrong("connection", error)
        return
    yield Finding("connection", "ok", f"{login.url or source.connection} answers and lets us in")
    if shown is not None:
        yield _clock(now - shown)
    for entity in system.entities:
        yield _page(system, entity, None if columns is None else columns.get(entity, ()))


def _clock(behind: timedelta) -> Finding:
    seconds = abs(behind.total_seconds())
    way = "behind" if behind > timedelta() else "ahead of"
    said = f"its clock is {seconds:,.0f} s {way} ours"
    if abs(behind) >= WRONG_SKEW:
        return Finding(
            "clock", "wrong", said, "set both clocks by NTP: what changes meanwhile would be read late or not"
        )
    if abs(behind) >= ODD_SKEW:
        return Finding("clock", "odd", said, "set both clocks by NTP")
    return Finding("clock", "ok", said if seconds >= 1 else "its clock shows what ours does")


def _page(system: Connector, entity: str, known: Sequence[str] | None) -> Finding:
    started = monotonic()
    try:
        page = next(iter(system.changed(entity, None)), None)
    except LotwatchError as error:
        return _wrong(entity, error)
    records = page.records if page else []
    read = f"{len(records):,} records in {monotonic() - started:.1f} s"
    unknown = sorted({name for record in records[:_EXAMPLES] for name in record.row.keys() - {*(known or record.row)}})
    if unknown:
        return Finding(
            entity, "wrong", f"{read}; no such field: {', '.join(unknown)}", nearest(unknown[0], known or ())
        )
    broken = [record for record in records if record.problems]
    if broken:
        what = f"{read}, of which {len(broken):,} cannot be mapped: {_example(broken[0])}"
        return Finding(entity, "odd", what, "correct them there; they would wait in quarantine")
    if not records:
        return Finding(
            entity, "odd", "nothing to read", "see whether the login may see such records, and whether there are any"
        )
    return Finding(entity, "ok", read)


def _example(record: Record) -> str:
    problem = record.problems[0]
    return f"{record.source_key}, {problem.field}: {problem.reason}"


def _wrong(subject: str, error: LotwatchError) -> Finding:
    return Finding(subject, "wrong", f"{error.what}{f' ({error.where})' if error.where else ''}", error.do)
