"""Governance: items are completed, matches suggested, systems compared, and ops is told of what is new."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from lotwatch import consistency, master, outbox
from lotwatch.audit import RunContext, record
from lotwatch.consistency import matching
from lotwatch.sources.registry import load_sources
from lotwatch.sources.schedule import longest_wait

Counts = dict[str, Any]
#: subjects named for each check in a message
_EXAMPLES = 5
_RANK = {"critical": 0, "warning": 1, "info": 2}


def fill_items(conn: psycopg.Connection, context: RunContext) -> Counts:
    """Complete items from device records. A backfilled run completes nothing."""
    if context.backfilled:
        return {"fields": 0, "identifiers": 0}
    with conn.transaction():
        return dict(master.fill_items(conn, context))


def suggest_matches(conn: psycopg.Connection, context: RunContext) -> Counts:
    """Suggest what unmatched codes may be. A backfilled run suggests nothing."""
    if context.backfilled:
        return {"suggested": 0, "new": 0}
    with conn.transaction():
        return dict(matching.suggest(conn, context))


def due_every(as_of: datetime) -> dict[str, timedelta]:
    """How often each source of the registry that is read on a schedule should be read."""
    return {name: longest_wait(each.schedule, as_of) for name, each in load_sources().items() if each.schedule}


def check(conn: psycopg.Connection, context: RunContext, names: Sequence[str] = ()) -> list[consistency.Outcome]:
    """Run the checks (all unless named), keep what they find and tell ops once a day of what is new or broken.

    A backfilled run tells nobody. Raises LotwatchError for a name that is no check.
    """
    chosen = consistency.choose(names)
    done = consistency.run_checks(conn, context, due_every(context.as_of), chosen)
    with conn.transaction():
        after = {
            outcome.check.id: outcome.error or {"found": outcome.found, "fresh": outcome.fresh} for outcome in done
        }
        record(conn, context, "consistency checked", "check_result", context.as_of.isoformat(), after=after)
    if not context.backfilled:
        _tell(conn, context, done)
    return done


def counts(done: Iterable[consistency.Outcome]) -> Counts:
    """What the checks did, in numbers, for the run's log."""
    outcomes = list(done)
    return {
        "checks": len(outcomes),
        "broken": sum(outcome.error is not None for outcome in outcomes),
        "examined": sum(outcome.examined or 0 for outcome in outcomes),
        "found": sum(outcome.found or 0 for outcome in outcomes),
        "fresh": sum(outcome.fresh or 0 for outcome in outcomes),
    }


def _tell(conn: psycopg.Connection, context: RunContext, done: Sequence[consistency.Outcome]) -> None:
    """One message a day (UTC): what a later run of the same day finds anew is told with the next day's."""
    with conn.transaction() as transaction:
        fresh: dict[str, list[str]] = defaultdict(list)
        for check_id, subject_key in consistency.take_untold(conn, context.as_of):
            fresh[check_id].append(subject_key)
        broken = {outcome.check.id: outcome.error for outcome in done if outcome.error}
        if not fresh and not broken:
            return
        standing = {each.check_id: each.open for each in consistency.standings(conn, context.as_of)}
        data = {
            "fresh": sum(map(len, fresh.values())),
            "broken": len(broken),
            "rows": [*_broken_rows(broken), *_fresh_rows(fresh, standing)],
        }
        payload = {"template": "consistency", "to": ["ops"], "data": data}
        if not outbox.enqueue(conn, "message", f"consistency:{context.as_of.date().isoformat()}", payload):
            raise psycopg.Rollback(transaction)


def _broken_rows(broken: Mapping[str, str | None]) -> Iterable[dict[str, Any]]:
    checks = consistency.load_checks()
    for name, error in broken.items():
        told = {"en": f"the check is broken: {error}", "zh": f"检查无法运行：{error}"}
        yield {"check": checks[name].title.model_dump(), "fresh": "!", "open": "?", "examples": told, "do": _MEND}


_MEND = {
    "en": "Its data is not known to be wrong. Correct the check, or tell whoever keeps Lotwatch.",
    "zh": "并不表示数据有误。请修正该检查，或通知 Lotwatch 维护人员。",
}


def _fresh_rows(fresh: Mapping[str, Sequence[str]], standing: Mapping[str, int]) -> Iterable[dict[str, Any]]:
    checks = consistency.load_checks()
    known = [name for name in fresh if name in checks]
    for name in sorted(known, key=lambda name: (_RANK[checks[name].severity], name)):
        yield {
            "check": checks[name].title.model_dump(),
            "fresh": len(fresh[name]),
            "open": standing.get(name, len(fresh[name])),
            "examples": ", ".join(sorted(fresh[name])[:_EXAMPLES]),
            "do": checks[name].do.model_dump(),
        }
