"""What is understood of a notice: clauses, each with where it stands and its own words."""

import re
from dataclasses import asdict, dataclass
from dataclasses import field as each_its_own
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Literal

from lotwatch.recall.reading.numbers import like, parts

#: a lot number, a serial number, or one or the other: the notice does not tell them apart
What = Literal["lot", "serial", "either"]


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `first` to `last`, both included; one of them empty: open. `sure`: the notice says that it is a range.

    `first` with a star: numbers that begin, or end, so. How long they are nobody knows, so none is within for sure.
    """

    what: What
    first: str
    last: str
    sure: bool

    def holds(self, key: str) -> bool | None:
        """Whether a number is within; None: the numbering does not tell."""
        if "*" in self.first:
            return None if like(key, self.first) else False
        bounds, own = [parts(each) for each in (self.first, self.last) if each], parts(key)
        beginnings = {bound and bound[0] for bound in bounds}
        beginning = beginnings.pop()
        if beginning is None or beginnings:
            return None
        if own is None or own[0] != beginning:
            may_be = len(bounds) == 1 or re.sub(r"[0-9].*", "", key) == beginning
            return None if may_be else False  # what comes after the last number of a kind may be of another kind
        digits = [bound[1] for bound in bounds if bound]
        if len(digits) == 2 and int(digits[0]) > int(digits[1]):
            return None
        inside = (not self.first or int(digits[0]) <= int(own[1])) and (not self.last or int(own[1]) <= int(digits[-1]))
        if {len(each) for each in digits} == {len(own[1])}:
            return inside
        return None if inside else False


@dataclass(frozen=True, slots=True)
class Dates:
    """A restriction by days, both included; None: open. `sure`: the days are these, and not those of another way to write them."""

    of: Literal["expires", "manufactured", "distributed"]
    first: date | None
    last: date | None
    sure: bool = False


@dataclass(slots=True)
class Clause:
    """What a passage says, and where: characters `starts` to `ends` of `field`.

    `dis` and `refs` are the devices it names (device identifiers; catalogue or model numbers, with * and ? for any, or
    `first..last` for a range), none: those of the whole notice. `lots`, `serials`, `either` are numbers it lists, `without`
    numbers it leaves out, `ranges` and `every` (all lots) more of them, restricted by `dates`; with `more` ("etc.") it means
    others too. `doubtful` are numbers that may be meant: masked (with ? and *), cut off, or
    standing alone. `residue` are the words that were not understood: the clause is unclear then, and clears nothing.
    """

    field: str
    starts: int
    ends: int
    text: str
    dis: list[str] = each_its_own(default_factory=list)
    refs: list[str] = each_its_own(default_factory=list)
    lots: list[str] = each_its_own(default_factory=list)
    serials: list[str] = each_its_own(default_factory=list)
    either: list[str] = each_its_own(default_factory=list)
    without: list[str] = each_its_own(default_factory=list)
    ranges: list[Range] = each_its_own(default_factory=list)
    dates: list[Dates] = each_its_own(default_factory=list)
    doubtful: list[str] = each_its_own(default_factory=list)
    every: bool = False
    more: bool = False
    residue: list[str] = each_its_own(default_factory=list)

    @property
    def clear(self) -> bool:
        """Whether it says all: nothing was not understood, and no others are meant."""
        return not self.residue and not self.more

    @property
    def understood(self) -> bool:
        """Whether what it lists is meant, others or not."""
        return not self.residue

    @property
    def numbers(self) -> list[str]:
        """All numbers it lists."""
        return [*self.lots, *self.serials, *self.either]

    @property
    def says_which(self) -> bool:
        """Whether it says which lots or serials are meant."""
        return bool(self.numbers or self.ranges or self.every or self.dates)

    def reading(self) -> dict[str, Any]:
        """What was understood, as JSON, without what is empty."""
        told = {name: value for name, value in asdict(self).items() if name not in {"field", "starts", "ends", "text"}}
        for each in told["dates"]:
            each |= {name: each[name] and each[name].isoformat() for name in ("first", "last")}
        return {name: value for name, value in told.items() if value}


def kept(field: str, starts: int, ends: int, text: str, reading: dict[str, Any]) -> Clause:
    """A clause again from its place and `reading()`."""
    told = dict(reading)
    told["ranges"] = [Range(**each) for each in told.get("ranges", ())]
    told["dates"] = [
        Dates(each["of"], _day(each["first"]), _day(each["last"]), each.get("sure", False))
        for each in told.get("dates", ())
    ]
    return Clause(field, starts, ends, text, **told)


def may_be_of(ref: str, number: str) -> bool:
    """Whether a device of that number may be one of a `ref` of a clause that is a mask or a range."""
    first, between, last = ref.partition("..")
    if between:
        return Range("either", first, last, sure=False).holds(number) is not False
    return ("*" in ref or "?" in ref) and fnmatchcase(number, ref.replace("[", "[[]"))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
