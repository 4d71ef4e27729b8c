"""The circumstances of a task: what the audit trail needs to know of them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RunContext:
    """Which try of which task of which run acts, for whom, and as of when (aware, UTC).

    `as_of` is the end of the run's data interval, or the moment it was due where it has none; the first try
    stores it and later tries reuse it. `actor` is the DAG itself unless a person answered.
    """

    dag_id: str
    run_id: str
    run_type: str
    task_id: str
    map_index: int
    try_number: int
    dag_version_id: str | None
    as_of: datetime
    actor: str

    @property
    def backfilled(self) -> bool:
        """A backfilled run looks at a past day: it records what it finds, and sends and orders nothing."""
        return self.run_type == "backfill"

    @property
    def where(self) -> str:
        """The run in words, for messages."""
        return f"{self.dag_id} / {self.run_id} / {self.task_id}"
