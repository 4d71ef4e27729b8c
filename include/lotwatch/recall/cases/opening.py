"""Opens recall cases: reads what notices say, compares it with what is ours, and holds what is or may be affected."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch.master.names import maker
from lotwatch.recall.cases.holding import hold_wanted
from lotwatch.recall.matching import Answer, Subject, Verdict, known_makers, makers_told, match, similar_makers, told
from lotwatch.recall.reading import EDITION, Clause, asks, decided, kept, read

#: who decided where no person did
LOTWATCH = "lotwatch"
_GRAVITY = {"not_affected": 0, "needs_review": 1, "affected": 2}
#: what a notice asks for, the most first
_ACTIONS = ("remove", "correct", "inspect", "other", "advise")
_JURISDICTIONS = {"fda": "us", "nmpa": "cn"}
_LONGEST_TITLE = 300


@dataclass(slots=True)
class Opened:
    """What a run did: codes of the `cases` that it opened or changed, in numbers, and what it held in words."""

    cases: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    held: list[str] = field(default_factory=list)


class Case(NamedTuple):
    """A case as it is kept."""

    case_id: int
    code: str
    title: str
    recall_class: str | None
    action_kind: str
    said_action: str | None
    said_class: str | None
    said_over: str | None
    state: str


class _Last(NamedTuple):
    """The verdict in force, and the last of ours."""

    item_id: int
    lot_id: int
    serial_id: int
    verdict: Answer
    own_verdict: Answer | None
    own_reason: str | None
    own_said: str | None


class _DryRun(Exception):  # noqa: N818  # it is no error
    """Takes back what a dry run wrote."""


def open_cases(
    conn: psycopg.Connection,
    context: RunContext,
    *,
    everything: bool = False,
    changed: bool = False,
    dry_run: bool = False,
) -> Opened:
    """Read the versions of notices that nobody has read, open or update their cases and place their holds: each case in one
    transaction, and what was read before that in its own.

    With `changed`, notices are compared again that may mean an item which is new or named otherwise since, or of whose lots some
    wait for a person; with `everything`, all. What arrives later is held as it is posted (`hold_arrivals`). A `dry_run` leaves nothing written. `conn` must be in autocommit mode.
    """
    opened = Opened()
    if not dry_run:
        _read_and_open(conn, context, opened, everything=everything, changed=changed)
        return opened
    try:
        with conn.transaction():
            _read_and_open(conn, context, opened, everything=everything, changed=changed)
            raise _DryRun
    except _DryRun:
        return opened


@contextmanager
def hold_arrivals(conn: psycopg.Connection, context: RunContext) -> Iterator[Opened]:
    """Hold what is posted within, in the caller's transaction, and a known notice concerns: lots, units or stock without
    numbers that are new to a case's items, also to those of a closed one, and new items. So neither is free for a moment, whether the
    notice or the stock comes first. Yields what is then known of it."""
    opened = Opened()
    with conn.cursor(row_factory=dict_row) as cursor:
        before: Any = cursor.execute(query(__package__, "before_arrivals")).fetchone()
    yield opened
    # who is to open a case waits for its turn at once: two that share the lock first would wait for each other
    conn.execute(query(__package__, "lock_cases" if _concerning(conn, before) else "lock_arrivals"))
    _open_all(conn, context, opened, _concerning(conn, before))


def to_respond(conn: psycopg.Connection, context: RunContext) -> list[str]:
    """Open cases in which something was found since another run asked this, noted as asked for."""
    found = conn.execute(query(__package__, "to_respond"), {"run_id": context.run_id}).fetchall()
    for code, match_id in found:
        record(conn, context, "response asked", "recall_case", code, after={"match_id": match_id})
    return [code for code, _ in found]


def _concerning(conn: psycopg.Connection, before: Mapping[str, int], items: Sequence[int] = ()) -> list[tuple[int]]:
    """Notices that may mean what came since (`before`, by before_arrivals), or these items: by their numbers, or by their makers."""
    asked = {**before, "items": list(items)}
    found = set(conn.execute(query(__package__, "arrived"), asked).fetchall())
    makers = [maker(name) for (name,) in conn.execute(query(__package__, "makers_of"), asked)]
    if makers:
        firms = similar_makers(makers, [firm for (firm,) in conn.execute(query(__package__, "firms"))])
        found |= set(conn.execute(query(__package__, "notices_from"), {"firms": list(firms)}).fetchall())
    return sorted(found)


def _read_and_open(
    conn: psycopg.Connection, context: RunContext, opened: Opened, *, everything: bool, changed: bool
) -> None:
    for (version_id,) in conn.execute(query(__package__, "unread")).fetchall():
        with conn.transaction():
            opened.counts["read"] += _read(conn, context, version_id)
    items = conn.execute(query(__package__, "changed_items")).fetchall() if everything or changed else []
    waiting = conn.execute(query(__package__, "waiting"), {"everything": everything, "reviewed": changed}).fetchall()
    if items and not everything:
        with conn.cursor(row_factory=dict_row) as cursor:
            now: Any = cursor.execute(query(__package__, "before_arrivals")).fetchone()
        waiting += _concerning(conn, now, [item_id for item_id, _ in items])
    _open_all(conn, context, opened, waiting)
    if items:
        kept_items = {"items": [item_id for item_id, _ in items], "digests": [digest for _, digest in items]}
        conn.execute(query(__package__, "keep_items"), kept_items)


def _open_all(conn: psycopg.Connection, context: RunContext, opened: Opened, waiting: Sequence[tuple[int]]) -> None:
    if not waiting:
        return
    makers, done = known_makers(conn), set[int]()
    for (notice_id,) in waiting:
        if notice_id not in done:
            with conn.transaction():
                conn.execute(query(__package__, "lock_cases"))
                done |= _open(conn, context, opened, notice_id, makers)


def _read(conn: psycopg.Connection, context: RunContext, version_id: int) -> bool:
    """Read a version, unless somebody else has."""
    parameters = {"version_id": version_id, "grammar": EDITION, "read_at": context.as_of}
    if not conn.execute(query(__package__, "keep_reading"), parameters).rowcount:
        return False
    with conn.cursor(row_factory=dict_row) as cursor:
        version: Any = cursor.execute(query(__package__, "version"), {"version_id": version_id}).fetchone()
        cursor.executemany(
            query(__package__, "keep_clause"),
            [
                {
                    "version_id": version_id,
                    "clause_no": number,
                    "field": clause.field,
                    "starts": clause.starts,
                    "ends": clause.ends,
                    "text": clause.text,
                    "reading": Jsonb(clause.reading()),
                }
                for number, clause in enumerate(read(version), 1)
            ],
        )
        cursor.executemany(
            query(__package__, "keep_ask"),
            [
                {"version_id": version_id, "ask_no": number, **asdict(ask)}
                for number, ask in enumerate(asks(version), 1)
            ],
        )
    return True


def _open(
    conn: psycopg.Connection,
    context: RunContext,
    opened: Opened,
    notice_id: int,
    makers: Mapping[str, Sequence[str]],
) -> set[int]:
    """Open or update the case of a notice; returns the notices that were compared."""
    (notice,) = _notices(conn, [notice_id])
    case_id = notice["case_id"] or _case_of_event(conn, notice)
    notices = [notice]
    if case_id is not None:
        known = conn.execute(query(__package__, "notices_of_case"), {"case_id": case_id}).fetchall()
        notices += _notices(conn, [known_id for (known_id,) in known if known_id != notice_id])
    verdicts, ours = _compare(conn, context, notices, makers)
    answers = {verdict.answer for _, verdict in verdicts.values()}
    if case_id is None and (ours or answers & {"affected", "needs_review"}):
        case_id = _new(conn, context, notices, verdicts)
        opened.counts["opened"] += 1
    if case_id is not None:
        conn.execute(query(__package__, "note_case_notice"), {"notice_id": notice_id, "case_id": case_id})
        _update(conn, context, opened, case_id, notices, verdicts)
    opened.counts["matched"] += len(notices)
    return {each["notice_id"] for each in notices}


def _compare(
    conn: psycopg.Connection,
    context: RunContext,
    notices: Iterable[Mapping[str, Any]],
    makers: Mapping[str, Sequence[str]],
) -> tuple[dict[Subject, tuple[int, Verdict]], bool]:
    """The gravest verdict of any of the notices on each lot and unit, with its version; and whether an item is named. Notes that
    they were compared."""
    gravest: dict[tuple[int, int, int], tuple[Subject, int, Verdict]] = {}
    ours = False
    for notice in notices:
        said = told(notice, _clauses(conn, notice["version_id"]))
        found = match(conn, said, makers)
        ours |= found.ours
        noted = {"notice_id": notice["notice_id"], "as_of": context.as_of}
        if found.watched:
            conn.execute(query(__package__, "watch_items"), noted | {"items": sorted(found.watched)})
        told_of = makers_told(said, makers)
        noted |= {"firms": sorted(said.firms | told_of), "names": [name for each in told_of for name in makers[each]]}
        conn.execute(query(__package__, "note_matched"), noted)
        for subject, verdict in found.verdicts.items():
            key = (subject.item_id, subject.lot_id, subject.serial_id)
            known = gravest.get(key)
            if known is None or _GRAVITY[verdict.answer] > _GRAVITY[known[2].answer]:
                gravest[key] = (subject, notice["version_id"], verdict)
    return {subject: (version_id, verdict) for subject, version_id, verdict in gravest.values()}, ours


def _clauses(conn: psycopg.Connection, version_id: int) -> list[Clause]:
    return [kept(*row) for row in conn.execute(query(__package__, "clauses"), {"version_id": version_id})]


def _notices(conn: psycopg.Connection, notice_ids: list[int]) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(__package__, "notices"), {"notices": notice_ids}).fetchall()


def _case_of_event(conn: psycopg.Connection, notice: Mapping[str, Any]) -> int | None:
    words = " ".join(filter(None, (notice["title"], notice["code_info"], (notice["body"] or "")[:1_000_000])))
    row = conn.execute(query(__package__, "case_of_event"), {**notice, "words": words}).fetchone()
    return None if row is None else int(row[0])


def _about(notices: Sequence[Mapping[str, Any]], case: Case | None = None) -> dict[str, Any]:
    """What the notices of a case, and people, say together: the newest names it, the gravest class and action count."""
    newest = max(notices, key=lambda notice: (notice["said_at"], notice["version_id"]))
    title = newest["title"] or newest["product_description"] or newest["reason"] or newest["number"]
    said = [notice["recall_class"] for notice in notices] + [case.said_class if case else None]
    classes = [each for each in said if each in {"I", "II", "III"}]
    said_action, read_as = case and case.said_action, read_together(notices)
    asked = [notice["action_kind"] for notice in notices] + [said_action]
    if case is None or not said_action or read_as != case.said_over:
        asked.append(read_as)
    action = min(filter(None, asked), key=_ACTIONS.index, default="other")
    by_word = said_action == "advise" or all(notice["action_kind"] for notice in notices)
    return {
        "title": " ".join(title.split())[:_LONGEST_TITLE],
        "issuer": newest["firm"] or newest["supplier_name"] or newest["issuer"] or newest["authority"],
        "recall_class": min(classes, default=None),
        "action_kind": action,
        "only_advises": action == "advise" and by_word,
    }


def read_together(notices: Iterable[Mapping[str, Any]]) -> str | None:
    """What the words of those that state no action ask for together (one that is not understood may ask for anything: other);
    None: all state it."""
    read_as = [decided(notice["asked"]) or "other" for notice in notices if not notice["action_kind"]]
    return min(read_as, key=_ACTIONS.index, default=None)


def _new(
    conn: psycopg.Connection,
    context: RunContext,
    notices: Sequence[Mapping[str, Any]],
    verdicts: Iterable[Subject],
) -> int:
    items = sorted({subject.item_id for subject in verdicts})
    role, jurisdiction = our_part(conn, items)
    parameters = _about(notices) | {
        "origin": "notice",
        "our_role": role,
        "jurisdiction": _JURISDICTIONS.get(notices[0]["authority"], jurisdiction),
    }
    return insert_case(conn, context, parameters).case_id


def our_part(conn: psycopg.Connection, items: Sequence[int]) -> tuple[str, str]:
    """What we are to items, and whose device law holds at most of our sites."""
    with conn.cursor(row_factory=dict_row) as cursor:
        known: Any = cursor.execute(query(__package__, "our_role"), {"items": items}).fetchone()
    role = next((role for role in ("maker", "importer", "distributor") if known[role]), None)
    return role or ("user" if known["is_user"] else "distributor"), known["jurisdiction"] or "us"


def insert_case(conn: psycopg.Connection, context: RunContext, parameters: Mapping[str, Any]) -> Case:
    """A new case, noted in the audit trail."""
    row = conn.execute(
        query(__package__, "open_case"), {**parameters, "as_of": context.as_of, "actor": context.actor}
    ).fetchone()
    assert row is not None  # noqa: S101 (the statement always answers one row)
    record(conn, context, "recall case opened", "recall_case", row[1], after=parameters)
    return load_case(conn, case_id=row[0])


def load_case(conn: psycopg.Connection, *, case_id: int | None = None, code: str | None = None) -> Case:
    """A case, locked until the transaction ends. Raises LotwatchError."""
    with conn.cursor(row_factory=class_row(Case)) as cursor:
        found = cursor.execute(query(__package__, "load_case"), {"case_id": case_id, "code": code}).fetchone()
    if found is None:
        raise LotwatchError("There is no such recall case", where=code or "", do="look at: lotwatch recall list")
    return found


def _update(
    conn: psycopg.Connection,
    context: RunContext,
    opened: Opened,
    case_id: int,
    notices: Sequence[Mapping[str, Any]],
    verdicts: Mapping[Subject, tuple[int, Verdict]],
) -> None:
    """Bring a case up to what its notices say now: verdicts that changed, and the holds that follow."""
    case = bring_up(conn, load_case(conn, case_id=case_id), notices)
    changed = _changed(conn, case, verdicts)
    if changed:
        keep(conn, context, case_id, changed)
        counts = Counter(verdict.answer for _, _, verdict in changed)
        after = dict(counts) | {"versions": sorted({notice["version_id"] for notice in notices})}
        record(conn, context, "stock matched", "recall_case", case.code, after=after)
        opened.cases.append(case.code)
        opened.counts.update(counts)
    open_again(conn, context, case, [verdict.answer for _, _, verdict in changed])
    opened.held += hold_wanted(conn, context, case.case_id)
    letter = any(notice["authority"] == "supplier" for notice in notices)  # who sent it waits for an answer
    if (
        not letter
        and not any(_GRAVITY[verdict.answer] for _, verdict in verdicts.values())
        and not opened_for(conn, case)
    ):
        closing = {"case_id": case_id, "as_of": context.as_of, "actor": LOTWATCH}
        if conn.execute(query(__package__, "close_unaffected"), closing).rowcount:
            record(
                conn, context, "recall case closed", "recall_case", case.code, actor=LOTWATCH, reason="nothing affected"
            )


def bring_up(conn: psycopg.Connection, case: Case, notices: Sequence[Mapping[str, Any]]) -> Case:
    """The case with the title, class and action that its notices and people give it now."""
    conn.execute(query(__package__, "change_case"), _about(notices, case) | {"case_id": case.case_id})
    return load_case(conn, case_id=case.case_id)


def notices_of(conn: psycopg.Connection, case: Case) -> list[dict[str, Any]]:
    """The notices of a case, as they say now; none of a case of our own."""
    known = conn.execute(query(__package__, "notices_of_case"), {"case_id": case.case_id}).fetchall()
    return _notices(conn, [notice_id for (notice_id,) in known])


def open_again(conn: psycopg.Connection, context: RunContext, case: Case, answers: Iterable[Answer]) -> None:
    """A closed case of which more is affected, or to be looked at, is open again."""
    if case.state == "closed" and any(_GRAVITY[answer] for answer in answers):
        conn.execute(query(__package__, "reopen"), {"case_id": case.case_id})
        record(conn, context, "recall case reopened", "recall_case", case.code)


def opened_for(conn: psycopg.Connection, case: Case) -> bool:
    """Whether anything of a case is, or may be, affected by the verdicts in force."""
    return any(_GRAVITY[last.verdict] for last in _last(conn, case))


def _last(conn: psycopg.Connection, case: Case) -> list[_Last]:
    with conn.cursor(row_factory=class_row(_Last)) as cursor:
        return cursor.execute(
            query(__package__, "last_matches"), {"case_id": case.case_id, "ours": LOTWATCH}
        ).fetchall()


def _changed(
    conn: psycopg.Connection, case: Case, verdicts: Mapping[Subject, tuple[int, Verdict]]
) -> list[tuple[Subject, int | None, Verdict]]:
    """Verdicts that are other than the last of ours. What is no longer named is for a person to release; what a person said
    stands until the notice says something else."""
    last = {(each.item_id, each.lot_id, each.serial_id): each for each in _last(conn, case)}
    said = {
        (subject.item_id, subject.lot_id, subject.serial_id): (subject, *told) for subject, told in verdicts.items()
    }
    gone = Verdict("not_affected", "not_listed")
    for key, known in last.items():
        if key not in said and known.own_verdict is not None:
            said[key] = (Subject(*key), None, gone)  # type: ignore[assignment]
    changed: list[tuple[Subject, int | None, Verdict]] = []
    for key, (subject, version_id, verdict) in said.items():
        own = last.get(key)
        if own is not None and own.own_verdict is not None:
            if verdict.answer == "not_affected" and own.own_verdict != "not_affected":
                verdict = Verdict("needs_review", "no_longer_named", verdict.clause_no, verdict.said)
            if (verdict.answer, verdict.reason) == (own.own_verdict, own.own_reason) and (
                verdict.said == own.own_said or verdict.reason == "no_longer_named"
            ):
                continue
        changed.append((subject, version_id, verdict))
    return changed


def keep(
    conn: psycopg.Connection,
    context: RunContext,
    case_id: int,
    changed: Sequence[tuple[Subject, int | None, Verdict]],
    by: str = LOTWATCH,
) -> None:
    """Keep verdicts, each with the version that decided."""
    parameters = {
        "case_id": case_id,
        "by": by,
        "as_of": context.as_of,
        "versions": [version_id for _, version_id, _ in changed],
        "items": [subject.item_id for subject, _, _ in changed],
        "lots": [subject.lot_id for subject, _, _ in changed],
        "serials": [subject.serial_id for subject, _, _ in changed],
        "verdicts": [verdict.answer for _, _, verdict in changed],
        "clauses": [verdict.clause_no for _, _, verdict in changed],
        "reasons": [verdict.reason for _, _, verdict in changed],
        "said": [verdict.said for _, _, verdict in changed],
    }
    conn.execute(query(__package__, "keep_matches"), parameters)
