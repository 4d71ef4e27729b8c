"""What the gate found, kept beside the batch: for the board, for trends, and for the one message about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from lotwatch.db.query import query
from lotwatch.gate.report import EntityOutcome, RuleOutcome


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that records of some batches broke. `reason` is told in {"en", "zh"}, `examples` as kept (migration 018)."""

    entity: str
    rule: str
    severity: str
    reason: dict[str, str]
    failing: int
    examples: list[dict[str, Any]]

    @property
    def fresh(self) -> list[dict[str, Any]]:
        """Examples that were not in quarantine before."""
        return [example for example in self.examples if not example["known"]]


@dataclass(frozen=True, slots=True)
class Untold:
    """A batch that the gate decided on: counts by entity as the gate reports them; `error`: why it was stopped."""

    batch_id: int
    state: str
    counts: dict[str, dict[str, int]]
    error: str | None

    def sum(self, name: str) -> int:
        """A count over all entities."""
        return sum(counts.get(name, 0) for counts in self.counts.values())


@dataclass(frozen=True, slots=True)
class Waiting:
    """Records of an entity of a source that wait for the same rule, and since when; `reason` as an example, {"en", "zh"}."""

    source: str
    entity: str
    rule: str
    waiting: int
    since: datetime
    examples: list[str]
    reason: dict[str, str]


def keep_results(
    conn: psycopg.Connection,
    batch_id: int,
    source: str,
    outcomes: Sequence[EntityOutcome],
    checks: Mapping[str, int],
    judged_at: datetime,
    *,
    refereed: bool,
) -> None:
    """Write what was found, in place of what was found before. `checks`: rules of each entity's suite."""
    conn.execute(query(__package__, "forget_rule_results"), {"batch_id": batch_id})
    conn.execute(query(__package__, "forget_validations"), {"batch_id": batch_id})
    rows = [
        {
            "batch_id": batch_id,
            "entity": outcome.entity,
            "source": source,
            "judged_at": judged_at,
            "evaluated": outcome.read,
            "checks": checks[outcome.entity],
            "refereed": refereed,
            "page": str(outcome.page) if outcome.page else None,
        }
        for outcome in outcomes
    ]
    with conn.cursor() as cursor:
        cursor.executemany(query(__package__, "keep_validation"), rows)
        results = [_result(batch_id, rule) for outcome in outcomes for rule in outcome.rules]
        cursor.executemany(query(__package__, "keep_rule_result"), results)


def _result(batch_id: int, outcome: RuleOutcome) -> dict[str, Any]:
    examples = [
        {
            "source_key": example.source_key,
            "reason": {"en": example.reason.en, "zh": example.reason.zh},
            "known": example.known,
        }
        for example in outcome.examples
    ]
    return {
        "batch_id": batch_id,
        "entity": outcome.entity,
        "rule": outcome.rule,
        "severity": outcome.severity,
        "failing": outcome.failing,
        "reason": Jsonb({"en": outcome.reason.en, "zh": outcome.reason.zh}),
        "examples": Jsonb(examples),
    }


def take_untold(conn: psycopg.Connection, source: str) -> list[Untold]:
    """Batches of the source that nobody was told of, oldest first; they count as told once the transaction commits."""
    with conn.cursor(row_factory=class_row(Untold)) as cursor:
        return cursor.execute(query(__package__, "take_untold"), {"source": source}).fetchall()


def broken_rules(conn: psycopg.Connection, batch_ids: Sequence[int]) -> list[BrokenRule]:
    """The rules that records of the batches broke, critical ones first, then the most often broken."""
    with conn.cursor(row_factory=class_row(BrokenRule)) as cursor:
        return cursor.execute(query(__package__, "rule_results"), {"batch_ids": list(batch_ids)}).fetchall()


def docs_pages(conn: psycopg.Connection, batch_ids: Sequence[int]) -> list[str]:
    """Pages of the batches in Data Docs."""
    return [page for (page,) in conn.execute(query(__package__, "docs_pages"), {"batch_ids": list(batch_ids)})]


def waiting(conn: psycopg.Connection, before: datetime) -> list[Waiting]:
    """What has been in quarantine since before a moment, by source, entity and first rule, the longest first."""
    with conn.cursor(row_factory=class_row(Waiting)) as cursor:
        return cursor.execute(query(__package__, "waiting"), {"before": before}).fetchall()
