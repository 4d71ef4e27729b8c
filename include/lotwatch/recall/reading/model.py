"""What is understood of a notice: clauses, each with where it stands and its own words."""

import re
import unicodedata
from dataclasses import asdict, dataclass
from dataclasses import field as each_its_own
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Literal

#: a lot number, a serial number, or one or the other: the notice does not tell them apart
What = Literal["lot", "serial", "either"]
#: the beginning of a number that may stand for all of it
_LONG_ENOUGH = 4
_SPACE = re.compile(r"\s+")
_BEFORE = re.compile(r"^(?:LOT|BATCH|SN)(?=[0-9])")
_TAKEN_FOR = str.maketrans("OI", "01")
_NOT_WORD = re.compile(r"[^0-9A-Z]+")
_NOT_PATTERN = re.compile(r"[^0-9A-Z?*]+")


def number_key(number: str) -> str:
    """A number as it is compared: spaces and case dropped, full width folded, leading zeros kept. In SQL: number_key."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", number)).upper()


def identifier_key(code: str) -> str:
    """A device identifier as it is compared, as the database's function of that name has it."""
    return code.zfill(14) if re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", code) else code.lstrip("+")


def trade_item_of(code: str) -> str | None:
    """What identifiers of GS1 for packages of one trade item have in common: not the indicator and the check digit."""
    key = identifier_key(code)
    return key[1:13] if re.fullmatch("[0-9]{14}", key) else None


def near_key(key: str) -> str:
    """What numbers that are written almost alike have in common: no punctuation, no leading zeros, no word before them, and O
    for zero and I for one as people take them."""
    return _BEFORE.sub("", _NOT_WORD.sub("", key)).translate(_TAKEN_FOR).lstrip("0")


def like(key: str, pattern: str) -> bool:
    """Whether a number may be one that is written with ? and *, as it is or almost alike."""
    return fnmatchcase(key, pattern.replace("[", "[[]")) or fnmatchcase(
        near_key(key), _NOT_PATTERN.sub("", pattern).translate(_TAKEN_FOR).lstrip("0")
    )


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
        bounds, own = [_parts(each) for each in (self.first, self.last) if each], _parts(key)
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


def stems(number: str) -> set[str]:
    """What a number is without what stands behind a sign in it: FS-200 of FS-200-10."""
    return {number[: sign.start()] for sign in _NOT_WORD.finditer(number) if sign.start() >= _LONG_ENOUGH}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _parts(key: str) -> tuple[str, str] | None:
    """(beginning, digits at the end) of a number; None without digits at its end."""
    found = re.fullmatch(r"(.*?)([0-9]{1,18})", key)
    return (found[1], found[2]) if found else None
