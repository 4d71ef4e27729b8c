"""What is matched: a notice's version with its clauses, our items, and their lots and serial units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from lotwatch.recall.reading import Clause

Answer = Literal["affected", "not_affected", "needs_review"]
#: why a verdict is what it is; worded in both languages in the board's texts
REASONS = (
    "listed", "all_lots", "in_range",
    "not_listed", "excepted",
    "device_unsure", "unclear", "nearly_listed", "masked", "range_unsure", "dates", "nothing_said", "no_number",
    "in_the_text", "no_longer_named",
    "decided",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Named:
    """The devices that a notice's clauses name: by their identifiers and numbers (`dis`, `refs`), what the numbers begin with
    (`stems`), and those with the same `near_key` (`alike`); masks and ranges of numbers; identifiers by their trade item
    (`packages`); and in which ways the clauses name them: by identifiers that are, or are not, of GS1, and whether by numbers.
    `clear`: what the texts that say which lots are meant say was understood."""

    clear: bool
    dis: frozenset[str]
    refs: frozenset[str]
    stems: frozenset[str]
    alike: Mapping[str, frozenset[str]]
    masks: tuple[str, ...]
    packages: Mapping[str, frozenset[str]]
    ways: frozenset[tuple[frozenset[bool], bool]]


@dataclass(frozen=True, slots=True)
class Told:
    """A version of a notice: whom it is from (`firms`, none: not told), whether it is a letter `to_us`, its clauses, and what
    stands in its texts whether the clauses have it or not: numbers that could be of lots (`unexplained`: not as those of a device, or of another device's
    lots), `spoken` numbers that could be of devices, and the words in which makers are named. `all_models`: all
    models or sizes of something are meant, named or not."""

    firms: frozenset[str]
    to_us: bool
    title: str
    clauses: Sequence[Clause]
    standing: frozenset[str]
    unexplained: frozenset[str]
    spoken: frozenset[str]
    words: str
    named: Named
    all_models: bool


@dataclass(frozen=True, slots=True)
class Item:
    """An item of ours: keys of its identifiers at every package level, of its catalogue and model numbers, and of what we
    or our suppliers call it."""

    item_id: int
    name: str
    makers: frozenset[str]
    identifiers: frozenset[str]
    numbers: frozenset[str]
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Subject:
    """A lot (`lot_id`), a serial unit (`serial_id`), or with neither an item's stock without numbers.

    `key` is its number as it is compared; of a unit, `lot_key` is its lot's.
    """

    item_id: int
    lot_id: int = 0
    serial_id: int = 0
    key: str = ""
    lot_key: str = ""
    manufactured_on: date | None = None
    usable_through: date | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a notice says of a subject, why (one of REASONS), and the clause that decided, counted from 1."""

    answer: Answer
    reason: str
    clause_no: int | None = None
    said: str = ""
