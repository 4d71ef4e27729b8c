"""What the gate reports: numbers and examples, as data. Messages are rendered elsewhere, in either language."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from lotwatch.gate.suites import Reason


@dataclass(frozen=True, slots=True)
class Threshold:
    """A batch is stopped when more than `share` (0 to 1) of an entity's records, and at least `rows`, are newly bad."""

    share: float = 0.20
    rows: int = 20


#: every entity by the usual threshold
NO_THRESHOLDS: Mapping[str, Threshold] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Example:
    """A record that breaks a rule, and the reason with its values. `known`: it was in quarantine before."""

    source_key: str
    reason: Reason
    known: bool


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """A rule that records break: how many, and up to five of them, new ones first. MAP stands for "not mappable"."""

    rule: str
    entity: str
    severity: str
    reason: Reason
    failing: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class EntityOutcome:
    """One entity of a batch, in records: read = passed + quarantined.

    `warned` have passed with a warning; `known_bad` of the quarantined were in quarantine before; `retried` of those
    read were taken from quarantine because what they refer to may have come. `page` shows the validation, if there
    was one.
    """

    entity: str
    read: int
    passed: int
    quarantined: int
    warned: int
    known_bad: int
    retried: int
    rules: tuple[RuleOutcome, ...]
    page: Path | None

    @property
    def newly_quarantined(self) -> int:
        """Records to tell people about: bad, and not told of before."""
        return self.quarantined - self.known_bad

    @property
    def counts(self) -> dict[str, int]:
        """As kept with the batch."""
        return {
            "read": self.read,
            "passed": self.passed,
            "quarantined": self.quarantined,
            "warned": self.warned,
            "new": self.newly_quarantined,
            "retried": self.retried,
        }


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """One batch: 'judged', or 'stopped' with the error that says what to do."""

    batch_id: int
    state: str
    entities: tuple[EntityOutcome, ...]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class GateReport:
    """What the gate found in the batches of one source."""

    source: str
    batches: tuple[BatchOutcome, ...]

    @property
    def stopped(self) -> tuple[BatchOutcome, ...]:
        """Batches that wait for a person."""
        return tuple(batch for batch in self.batches if batch.state == "stopped")

    @property
    def newly_quarantined(self) -> int:
        """Records now in quarantine that were not before: nought means there is nobody to tell."""
        return sum(
            entity.newly_quarantined for batch in self.batches if batch.state == "judged" for entity in batch.entities
        )

    @property
    def rules(self) -> tuple[RuleOutcome, ...]:
        """Every broken rule of every batch."""
        return tuple(rule for batch in self.batches for entity in batch.entities for rule in entity.rules)

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Records by entity over all batches."""
        total: dict[str, dict[str, int]] = {}
        for batch in self.batches:
            for entity in batch.entities:
                sums = total.setdefault(entity.entity, {})
                for name, number in entity.counts.items():
                    sums[name] = sums.get(name, 0) + number
        return total
