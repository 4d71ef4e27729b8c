"""What ops is told of the gate: one message for each run of it, and once a day what still waits."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg

from lotwatch import gate, outbox
from lotwatch.audit import RunContext

#: records in quarantine for less than this are not told of again: the gate's own message is fresh
_FRESH = timedelta(days=1)


def tell_gated(conn: psycopg.Connection, context: RunContext, source: str) -> bool:
    """Put one message into the outbox about all batches of the source that nobody was told of; False: nothing is new.

    In the caller's transaction, in which the batches become told: killed before it, the next run tells of them.
    """
    batches = gate.take_untold(conn, source)
    stopped = [batch for batch in batches if batch.state == "stopped"]
    passed = [batch for batch in batches if batch.state != "stopped"]
    fresh = sum(batch.sum("new") for batch in passed)
    if not (fresh or stopped):
        return False
    concerned = [batch for batch in batches if batch in stopped or batch.sum("new")]
    ids = [batch.batch_id for batch in concerned]
    data = {
        "source": source,
        "fresh": fresh,
        "read": sum(batch.sum("read") for batch in passed),
        "passed": sum(batch.sum("passed") for batch in passed),
        "warned": sum(batch.sum("warned") for batch in passed),
        "judged": len(passed),
        "stopped": [{"batch_id": batch.batch_id, "error": batch.error, "bad": list(_bad(batch))} for batch in stopped],
        "rows": list(_rows(gate.broken_rules(conn, ids), also_known=bool(stopped))),
        "docs": _folder(gate.docs_pages(conn, ids)),
        "query": urlencode({"source": source} | ({"batch": ids[0]} if len(ids) == 1 else {})),
    }
    key = f"gate:{source}:{ids[0]}-{ids[-1]}:{context.run_id}:{context.try_number}"
    payload = {"template": "gate", "to": ["ops"], "about": {"sources": [source]}, "data": data}
    return outbox.enqueue(conn, "message", key, payload)


def tell_waiting(conn: psycopg.Connection, context: RunContext) -> dict[str, int]:
    """Put the day's one message into the outbox about what has waited in quarantine for more than a day.

    A backfilled run tells nobody.
    """
    waiting = [] if context.backfilled else gate.waiting(conn, context.as_of - _FRESH)
    records = sum(each.waiting for each in waiting)
    if waiting:
        data = {
            "records": records,
            "since": f"{min(each.since for each in waiting):%Y-%m-%d}",
            "rows": [
                {
                    "source": each.source,
                    "entity": each.entity,
                    "rule": each.rule,
                    "reason": each.reason,
                    "count": each.waiting,
                    "since": {"day": f"{each.since:%Y-%m-%d}"},
                    "examples": ", ".join(each.examples),
                }
                for each in waiting
            ],
        }
        key = f"quarantine_waiting:{context.as_of:%Y-%m-%d}"
        about = {"sources": sorted({each.source for each in waiting})}
        payload = {"template": "quarantine_waiting", "to": ["ops"], "about": about, "data": data}
        outbox.enqueue(conn, "message", key, payload)
    return {"waiting": records}


def _bad(batch: gate.Untold) -> Iterator[dict[str, Any]]:
    """What of a stopped batch is newly bad, by entity; nothing when it could not be judged at all."""
    for entity, counts in batch.counts.items():
        if counts.get("new"):
            known = counts["quarantined"] - counts["new"]
            yield {"entity": entity, "fresh": counts["new"], "judged": counts["read"] - known}


def _rows(rules: Sequence[gate.BrokenRule], *, also_known: bool) -> Iterator[dict[str, Any]]:
    for rule in rules:
        examples = rule.fresh or (rule.examples if also_known else [])
        if examples and rule.severity == "critical":
            yield {
                "entity": rule.entity,
                "rule": rule.rule,
                "reason": examples[0]["reason"],
                "count": rule.failing,
                "examples": ", ".join(example["source_key"] for example in examples),
            }


def _folder(pages: Sequence[str]) -> str:
    """The site of Data Docs that holds the pages; empty when there is none."""
    sites = [parent for page in pages for parent in Path(page).parents if parent.name == "site"]
    return str(sites[0] / "index.html") if sites else ""
