"""Decides, lot by lot: affected only by an exact device and an exact number, not affected only by a text that was understood.

Everything else about a device that may be meant needs a person.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from rapidfuzz import fuzz

from lotwatch.recall.matching.model import Item, Subject, Told, Verdict
from lotwatch.recall.reading import Clause, Dates, identifier_key, like, near_key

#: likeness (0 to 100) from which two makers may be one, and from which a name may be that of the device
_SAME_MAKER, _SAME_NAME = 85, 75
#: characters of the notice's words kept with a verdict
_LONGEST = 1_000
#: longer ones are names of models, which no notice names as a number
_LONGEST_NUMBER = 24
_STRICT = frozenset({"code_info", "more_code_info"})


def decide(told: Told, item: Item, subjects: Iterable[Subject]) -> tuple[dict[Subject, Verdict], bool]:
    """What a notice says of each lot and unit of an item, and whether the item is its device for sure; nothing when it is
    not about the item."""
    relevant = _Device(told, item).relevant()
    if relevant is None:
        return {}, False
    numbers = _Numbers(told, relevant)
    return {subject: numbers.verdict(subject) for subject in subjects}, any(sure for _, _, sure in relevant)


def _is_gtin(identifier: str) -> bool:
    return bool(re.fullmatch("[0-9]{14}", identifier_key(identifier)))


def similar_makers(firms: Iterable[str], makers: Iterable[str]) -> set[str]:
    """Which makers may be one of the firms."""
    return {maker for maker in makers for firm in firms if fuzz.token_set_ratio(firm, maker) >= _SAME_MAKER}


@dataclass(frozen=True)
class _Device:
    """Whether an item is the device that a notice is about."""

    told: Told
    item: Item

    def relevant(self) -> list[tuple[int, Clause, bool]] | None:
        """(number, clause, whether the item is its device for sure) of what concerns the item; None: nothing does."""
        named = [self._names(clause) for clause in self.told.clauses]
        sure = any(each is True for each in named)
        if not sure and not any(each is None for each in named) and not self._may_be_meant():
            return None
        relevant = []
        for number, (clause, its) in enumerate(zip(self.told.clauses, named, strict=True), 1):
            if not (clause.dis or clause.refs):
                relevant.append((number, clause, sure))
            elif its is True or not sure:
                relevant.append((number, clause, its is True))
        return relevant

    def _names(self, clause: Clause) -> bool | None:
        """Whether a clause names the item; None: perhaps."""
        if not self.item.identifiers.isdisjoint(map(identifier_key, clause.dis)):
            return True
        refs = set(clause.refs)
        if not refs.isdisjoint(self.item.numbers) and self._same_maker is not False:
            return self._same_maker
        return None if not refs.isdisjoint(self.item.codes) and self._same_maker is not False else False

    def _may_be_meant(self) -> bool:
        """Whether a device may be meant that the notice does not name in a way that we can compare."""
        clauses = self.told.clauses
        names = [clause for clause in clauses if clause.dis or clause.refs]
        if self._same_maker is False:
            return False
        if names and all(clause.clear for clause in clauses if clause.field in _STRICT) and self._is_another(names):
            return False
        if self._same_maker is None and not names:
            return True  # it was found by the number of a lot alone
        return self._same_maker is not None and fuzz.token_set_ratio(self.item.name, self.told.title) >= _SAME_NAME

    def _is_another(self, names: Sequence[Clause]) -> bool:
        """Whether each device that the notice names is named in a way in which we know the item, and differs."""
        near = {near_key(number) for number in self.item.numbers}
        alike = any(near_key(ref) in near for clause in names for ref in clause.refs)
        catalogued = any(len(number) <= _LONGEST_NUMBER and re.search("[0-9]", number) for number in self.item.numbers)
        agencies = set(map(_is_gtin, self.item.identifiers))
        told = (
            (clause.dis and agencies.issuperset(map(_is_gtin, clause.dis))) or (clause.refs and catalogued)
            for clause in names
        )
        return all(told) and not alike

    @cached_property
    def _same_maker(self) -> bool | None:
        """Whether who recalls is the item's maker; None: that is not known, or not sure."""
        if not self.told.firms or not self.item.makers:
            return None
        if not self.told.firms.isdisjoint(self.item.makers):
            return True
        return None if similar_makers(self.told.firms, self.item.makers) else False


@dataclass
class _Numbers:
    """What the clauses that concern an item say of its lots and units."""

    told: Told
    relevant: list[tuple[int, Clause, bool]]
    listed: dict[str, tuple[int, Clause, bool]] = field(default_factory=dict)
    near: dict[str, tuple[int, Clause]] = field(default_factory=dict)
    without: dict[str, tuple[int, Clause]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, clause, sure in self.relevant:
            for key in clause.numbers:
                self.near.setdefault(near_key(key), (number, clause))
            certain = sure and clause.understood
            for kind, keys in (("lot", clause.lots), ("serial", clause.serials), ("either", clause.either)):
                for key in keys:
                    known = self.listed.get(f"{kind} {key}")
                    if known is None or (certain and not known[2]):
                        self.listed[f"{kind} {key}"] = (number, clause, certain)
            self.without |= dict.fromkeys(clause.without, (number, clause))
        saying = [clause for _, clause, _ in self.relevant if clause.says_which]
        self.unclear = next(((n, clause) for n, clause, _ in self.relevant if not clause.clear), None)
        self.silent = not saying
        #: whether the notice counts by serial numbers alone: then a lot says nothing of its units
        self.by_serial = bool(saying) and all(
            (clause.serials or any(each.what == "serial" for each in clause.ranges))
            and not (clause.lots or clause.either or clause.every or clause.dates)
            for clause in saying
        )

    def verdict(self, subject: Subject) -> Verdict:
        """What they say of it, the gravest first."""
        if not subject.key:
            return self._without_number()
        excepted = self.without.get(subject.key)
        found = self._affected(subject, excepted is not None) or self._doubtful(subject, excepted is not None)
        if found is not None:
            return found
        if excepted is not None:
            return _verdict("not_affected", "excepted", *excepted)
        # named on its own, or as another kind of number: it may be meant
        if not self.told.unexplained.isdisjoint({subject.key, subject.lot_key or subject.key}):
            return Verdict("needs_review", "in_the_text", None, subject.key)
        saying = next(((number, clause) for number, clause, _ in self.relevant if clause.says_which), None)
        assert saying is not None  # noqa: S101  # else it would be doubtful
        return _verdict("not_affected", "not_listed", *saying)

    def _without_number(self) -> Verdict:
        """Stock that bears no number: all of it is affected, or nobody can say."""
        for number, clause, sure in self.relevant:
            if clause.every and clause.clear and sure and not clause.dates and not self.without:
                return _verdict("affected", "all_lots", number, clause)
        if self.silent or self.unclear is not None:
            return _verdict(
                "needs_review", "nothing_said" if self.silent else "unclear", *(self.unclear or (None, None))
            )
        first = next((number, clause) for number, clause, _ in self.relevant if clause.says_which)
        return _verdict("needs_review", "no_number", *first)

    def _keys(self, subject: Subject) -> list[str]:
        """Under which kinds of number it would be listed."""
        kind = "serial" if subject.serial_id else "lot"
        keys = [f"{kind} {subject.key}", f"either {subject.key}"]
        return [*keys, f"lot {subject.lot_key}", f"either {subject.lot_key}"] if subject.lot_key else keys

    def _affected(self, subject: Subject, excepted: bool) -> Verdict | None:
        for key in self._keys(subject):
            number, clause, certain = self.listed.get(key, (0, None, False))
            if clause is not None and certain and not excepted:
                return _verdict("affected", "listed", number, clause)
        for number, clause, sure in self.relevant:
            if excepted or not (sure and clause.understood):
                continue
            if clause.dates:
                if clause.every and clause.clear and all(_is_within(each, subject) for each in clause.dates):
                    return _verdict("affected", "in_range", number, clause)
                continue
            if clause.every:
                return _verdict("affected", "all_lots", number, clause)
            for each in clause.ranges:
                if each.sure and self._counts(each.what, subject) and each.holds(subject.key) is True:
                    return _verdict("affected", "in_range", number, clause)
        return None

    def _doubtful(self, subject: Subject, excepted: bool) -> Verdict | None:
        for key in self._keys(subject):
            if key in self.listed:
                number, clause, _ = self.listed[key]
                return _verdict(
                    "needs_review", "unclear" if not clause.clear or excepted else "device_unsure", number, clause
                )
        for number, clause, sure in self.relevant:
            for pattern in clause.doubtful:
                if like(subject.key, pattern):
                    return _verdict("needs_review", "masked", number, clause)
            if excepted and clause.clear:
                continue
            for each in clause.ranges:
                if each.holds(subject.key) is not False:
                    return _verdict("needs_review", "range_unsure", number, clause)
            if clause.every and not sure and not clause.dates:
                return _verdict("needs_review", "device_unsure", number, clause)
            if clause.dates and any(_may_be(each, subject) for each in clause.dates):
                return _verdict("needs_review", "dates", number, clause)
        if self.silent:
            return _verdict("needs_review", "nothing_said", *(self.unclear or (None, None)))
        if self.unclear is not None:
            return _verdict("needs_review", "unclear", *self.unclear)
        if not excepted and (near := self.near.get(near_key(subject.key))) is not None:
            return _verdict("needs_review", "nearly_listed", *near)
        if self.by_serial and not subject.serial_id:
            return _verdict("needs_review", "no_number", *self.relevant[0][:2])
        return None

    @staticmethod
    def _counts(what: str, subject: Subject) -> bool:
        return what == "either" or (what == "serial") == bool(subject.serial_id)


def _own(dates: Dates, subject: Subject) -> date | None:
    return {"expires": subject.usable_through, "manufactured": subject.manufactured_on}.get(dates.of)


def _is_within(dates: Dates, subject: Subject) -> bool:
    """Whether a lot is within days of it for sure."""
    return dates.sure and _own(dates, subject) is not None and _may_be(dates, subject)


def _may_be(dates: Dates, subject: Subject) -> bool:
    """Whether a lot may be within days of it."""
    own = _own(dates, subject)
    if own is None:
        return True
    return (dates.first is None or dates.first <= own) and (dates.last is None or own <= dates.last)


def _verdict(answer: str, reason: str, number: int | None, clause: Clause | None) -> Verdict:
    return Verdict(answer, reason, number, clause.text[:_LONGEST] if clause else "")  # type: ignore[arg-type]
