"""Data quality: records that may not flow on and what the gate found in each batch; mending both."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import psycopg
from fastapi import APIRouter, Depends, Form, HTTPException, Path, Query, Request, Response
from psycopg.rows import DictRow
from pydantic import Field, TypeAdapter, ValidationError

from lotwatch import gate
from lotwatch.errors import LotwatchError
from lotwatch.jobs import mend
from lotwatch.sources.stage import entity_columns
from lotwatch_airflow.board.filters import Filters, Note, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.view import View, ViewDep
from lotwatch_airflow.board.writing import Write, WriteDep

router = APIRouter()

#: what lets somebody correct, replay and discard records, and decide on stopped batches
MEND = "mend_records"
#: a batch of so many records is judged while its reader waits; a larger one by the next run of its source
_SOON_JUDGED = 2_000
#: in the order in which they explain one another
_COUNTS = ("read", "passed", "warned", "quarantined", "new", "retried", "posted")
_VALUES = re.compile(r"\{[^}]*\}")
#: a record's field as it is shown in its form and comes back
_PREFIX = "field."
#: kinds of columns that a form can hold
_PLAIN = frozenset({"text", "int2", "int4", "int8", "numeric", "bool", "date", "timestamptz"})

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
_VALUE = TypeAdapter(Note)


class QuarantineFilters(Filters):
    """Which records in quarantine."""

    source: Text | None = None
    entity: Text | None = None
    rule: Text | None = None
    batch: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    text: Text | None = None

    def statement(self, language: str, record: int | None = None) -> Statement:
        """The records, the last seen first; or one of them, whatever became of it."""
        parameters = self.parameters() | {"language": language, "record": record}
        return Statement("quarantine", parameters, [Order("last_seen", True), Order("quarantine_id", True)])


@router.get("/quality")
def quality(view: ViewDep, filters: Annotated[QuarantineFilters, Query()]) -> Response:
    """Records in quarantine and the latest batches of each source, those that wait for somebody first."""
    with view.transaction() as conn:
        records = fetch_page(conn, filters.statement(view.language), filters.page, filters.size)
        batches = fetch_all(conn, "batches", {"source": filters.source, "batch": filters.batch})
        sources = [row["source"] for row in fetch_all(conn, "sources")]
        kinds = fetch_all(conn, "quarantine_kinds")
    return view.page(
        "quality",
        filters=filters,
        records=records,
        batches=batches,
        sources=sources,
        entities=sorted({kind["entity"] for kind in kinds}),
        rules=sorted({kind["rule"] for kind in kinds}),
        counts=lambda batch: counts(view, batch),
    )


@router.get("/quality/records/{record_id}")
def show_record(
    view: ViewDep, record_id: Number, done: Literal["passed", "refused", "discarded"] | None = None
) -> Response:
    """One record: as it was read, as it was understood, why it was kept out, and the form to mend it for who may."""
    return _show_record(view, _record(view, record_id), done=done)


async def record_fields(request: Request) -> dict[str, str]:
    """The fields of a record's form, by column."""
    form = await request.form()
    return {
        key.removeprefix(_PREFIX): value
        for key, value in form.items()
        if key.startswith(_PREFIX) and isinstance(value, str)
    }


@router.post("/quality/records/{record_id}")
def mend_record(
    write: WriteDep,
    record_id: Number,
    fields: Annotated[dict[str, str], Depends(record_fields)],
    action: Annotated[Literal["replay", "discard"], Form()],
    reason: Annotated[Note, Form()] = "",
) -> Response:
    """Correct and replay a record, or discard it, and show what became of it."""
    view = write.view
    write.person.need(MEND)
    record = _record(view, record_id)
    try:
        if not reason:
            raise LotwatchError(view.texts("quality_page.no_reason"))
        if action == "discard":
            with write.transaction(MEND, "discard record") as (conn, context):
                gate.discard(conn, context, [record_id], reason=reason)
            return view.see(f"quality/records/{record_id}", done="discarded")
        mended = _replay(write, record, fields, reason)
    except LotwatchError as error:
        return _show_record(view, record, error=view.told(error), reason=reason, given=fields)
    except psycopg.errors.LockNotAvailable:
        return _show_record(view, record, error=view.texts("quality_page.busy"), reason=reason, given=fields)
    return view.see(f"quality/records/{record_id}", done="passed" if mended.passed else "refused")


@router.get("/quality/batches/{batch_id}")
def show_batch(
    view: ViewDep, batch_id: Number, done: Literal["judged", "queued", "discarded"] | None = None
) -> Response:
    """One validation: what the gate looked at, which rules were broken by how many, with examples and the trend of each."""
    return _show_batch(view, batch_id, done=done)


@router.post("/quality/batches/{batch_id}")
def decide_on_batch(
    write: WriteDep,
    batch_id: Number,
    action: Annotated[Literal["judge", "release", "discard"], Form()],
    share: Annotated[str, Form(max_length=10)] = "",
    reason: Annotated[Note, Form()] = "",
) -> Response:
    """Judge a stopped batch again, let its good records on, or discard it; and show what became of it."""
    view = write.view
    write.person.need(MEND)
    try:
        if not reason:
            raise LotwatchError(view.texts("quality_page.no_reason"))
        done = _decide(write, batch_id, action, 1.0 if action == "release" else _share(view, share), reason)
    except LotwatchError as error:
        return _show_batch(view, batch_id, error=view.told(error), reason=reason)
    except psycopg.errors.LockNotAvailable:
        return _show_batch(view, batch_id, error=view.texts("quality_page.busy"), reason=reason)
    return view.see(f"quality/batches/{batch_id}", done=done)


def counts(view: View, batch: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What became of a batch's records, in words, for each entity; what did not occur is not said."""
    by_entity: Mapping[str, Mapping[str, int]] = batch["counts"]
    return [
        (
            view.texts.name("entity", entity),
            ", ".join(
                f"{view.texts.name('count', name)} {view.formats.number(number)}"
                for name, number in sorted(found.items(), key=lambda pair: _place(pair[0]))
                if number or name == "read"
            ),
        )
        for entity, found in by_entity.items()
    ]


def _place(name: str) -> int:
    return _COUNTS.index(name) if name in _COUNTS else len(_COUNTS)


def in_general(reason: str) -> str:
    """A rule's reason without the values of any record."""
    return _VALUES.sub("…", reason)


def trend(shares: Sequence[float]) -> str:
    """The points of a line over shares (0 to 1), the latest at the right, in a box 100 wide and 24 high.

    The highest is at the top, so that a change from 1 % to 3 % is seen; the page says the shares beside it.
    """
    highest = max(shares) or 1.0
    step = 96 / max(1, len(shares) - 1)
    return " ".join(f"{2 + place * step:.1f},{22 - 20 * share / highest:.1f}" for place, share in enumerate(shares))


def _replay(write: Write, record: DictRow, fields: Mapping[str, str], reason: str) -> mend.Mended:
    """Replay a record with what was changed in its form. Raises LotwatchError."""
    mended = mend.Mended()
    with write.transaction(MEND, "replay record") as (conn, context):
        gate.wait_for_turn(conn, record["source"])
        corrections = dict(_changes(record["record"] or {}, fields))
        chosen = {record["quarantine_id"]: corrections} if corrections else {}
        meant = gate.Selection(ids=[record["quarantine_id"]])
        gate.matching(conn, meant, corrected=list(chosen))  # it is still open, and there is something to replay
        mend.replay_portion(conn, context, [record["quarantine_id"]], reason, {}, chosen, mended)
    return mended


def _changes(known: Mapping[str, Any], fields: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Fields that were changed, as they are written; an empty one is no value. Raises LotwatchError."""
    for name, text in fields.items():
        try:
            value = _VALUE.validate_python(text)
        except ValidationError:
            raise LotwatchError("A value is too long, or not printable", where=name) from None
        if value != as_text(known.get(name)):
            yield name, value or None


def as_text(value: object) -> str:
    """A value of a record as its form shows it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _decide(write: Write, batch_id: int, action: str, share: float | None, reason: str) -> str:
    """Do what was asked for; says what was done. Raises LotwatchError."""
    records = _read_of(_batch(write.view, batch_id))
    with write.transaction(MEND, f"{action} batch") as (conn, context):
        if action == "discard":
            gate.discard_batch(conn, context, batch_id, reason=reason)
            return "discarded"
        if 0 < records <= _SOON_JUDGED:
            mend.judge_small_batch(conn, context, batch_id, reason=reason, accepted_share=share)
            return "judged"
        gate.judge_again(conn, context, batch_id, reason=reason, accepted_share=share)
        return "queued"


def _share(view: View, text: str) -> float | None:
    """A share that was typed as a percentage. Raises LotwatchError."""
    if not text.strip():
        return None
    try:
        share = float(text.replace("%", "").strip()) / 100
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise LotwatchError(view.texts("quality_page.no_share"))
    return share


def _read_of(batch: Mapping[str, Any]) -> int:
    """Records of a batch that was judged at least once; 0 when nobody counted them."""
    return sum(found.get("read", 0) for found in batch["counts"].values())


def _record(view: View, record_id: int) -> DictRow:
    """A record that the person may see. Raises HTTPException (404)."""
    with view.transaction() as conn:
        found = fetch_page(conn, QuarantineFilters().statement(view.language, record_id), 1, 1).rows
    if not found:
        raise HTTPException(404)
    return found[0]


def _batch(view: View, batch_id: int) -> DictRow:
    """A batch that the person may see. Raises HTTPException (404)."""
    with view.transaction() as conn:
        found = fetch_all(conn, "batches", {"source": None, "batch": batch_id})
    if not found:
        raise HTTPException(404)
    return found[0]


def _show_record(
    view: View,
    record: DictRow,
    *,
    error: str | None = None,
    reason: str = "",
    given: Mapping[str, str] | None = None,
    done: str | None = None,
) -> Response:
    may = view.person.may(MEND) and record["state"] == "open"
    return view.page(
        "quality-record",
        status=409 if error else 200,
        record=record,
        fields=_fields(view, record, given or {}) if may else [],
        may_mend=may,
        error=error,
        reason=reason,
        done=done,
        as_json=lambda value: json.dumps(value, indent=2, ensure_ascii=False),
    )


def _fields(view: View, record: DictRow, given: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Name, kind and text of each field that the form can hold."""
    with view.board.writer.transaction() as conn:  # staging is none of the board's reading role
        columns = entity_columns(conn, record["entity"])
    known = record["record"] or {}
    return [
        (name, kind, given.get(name, as_text(known.get(name))))
        for name, kind in columns.items()
        if kind in _PLAIN and name != "stated"
    ]


def _show_batch(
    view: View, batch_id: int, *, error: str | None = None, reason: str = "", done: str | None = None
) -> Response:
    batch = _batch(view, batch_id)
    with view.transaction() as conn:
        validations = fetch_all(conn, "validations", {"batch": batch_id})
        results = fetch_all(conn, "rule_results", {"batch": batch_id, "language": view.language})
    return view.page(
        "quality-batch",
        status=409 if error else 200,
        batch=batch,
        validations=validations,
        results=results,
        counts=counts(view, batch),
        may_decide=batch["state"] == "stopped" and view.person.may(MEND),
        small=0 < _read_of(batch) <= _SOON_JUDGED,
        trend=trend,
        in_general=in_general,
        error=error,
        reason=reason,
        done=done,
    )
