"""Decides, lot by lot: affected only by an exact device and an exact number, not affected only by a text that was understood.

Everything else about a device that may be meant needs a person.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from rapidfuzz import fuzz

from lotwatch.master.names import plain
from lotwatch.recall.matching.model import Item, Subject, Told, Verdict
from lotwatch.recall.reading import Clause, Dates, identifier_key, like, may_be_of, near_key, stems, trade_item_of

#: likeness (0 to 100) from which two makers may be one, and from which a name may be that of the device
_SAME_MAKER, _SAME_NAME = 85, 75
#: shorter than this, a number or name that stands in a text says too little
SHORTEST = 3
#: from which a device's number says which device is meant, whoever names it
_SAYS_ENOUGH = 6
_SHORTEST_LOT = 4
_MAKER = r"(?:\b(?:manufacturer(?: is)?|manufactured by|made by)|生产商|制造商|生产厂家|厂家|生产企业)"
#: characters of the notice's words kept with a verdict
_LONGEST = 1_000
#: longer ones are names of models, which no notice names as a number
_LONGEST_NUMBER = 24


def needs_lots(told: Told, item: Item, own: frozenset[str]) -> bool | None:
    """Whether what a notice says of an item depends on all its lots and units; None: only where the number of one, or a range
    that may hold it, stands in the notice. `own` as in `decide`."""
    device = _Device(told, item, own)
    if device.relevant() is not None:
        return True
    return None if device.may_share_lots else False


def decide(
    told: Told, item: Item, subjects: Iterable[Subject], own: frozenset[str] = frozenset()
) -> tuple[dict[Subject, Verdict], bool]:
    """What a notice says of each lot and unit of an item, and whether the notice names the item; nothing when it is not about
    the item. `own` are catalogue numbers (near_key) of items of the maker that recalls."""
    device = _Device(told, item, own)
    relevant = device.relevant()
    if relevant is None:
        found = _by_number(told, subjects, stands=bool(device.standing)) if device.may_share_lots else {}
        return found, bool(found and device.standing)
    numbers = _Numbers(told, relevant)
    return {subject: numbers.verdict(subject) for subject in subjects}, device.stands or any(
        sure for *_, sure in relevant
    )


def _by_number(told: Told, subjects: Iterable[Subject], *, stands: bool) -> dict[Subject, Verdict]:
    """The lots and units, of an item that a notice does not name, whose number stands in it: a person looks at them. None of
    the item where none does."""
    ranged = [place for place in enumerate(told.clauses, 1) if (stands or not told.named.refs) and place[1].ranges]
    verdicts = {}
    for subject in subjects:
        verdicts[subject] = Verdict("not_affected", "not_listed")
        if subject.key in told.standing:
            listed = (place for place in enumerate(told.clauses, 1) if subject.key in place[1].numbers)
            number, clause = next(listed, (None, None))
            if clause is not None:
                verdicts[subject] = _verdict("needs_review", "device_unsure", number, clause)
            elif stands or len(subject.key) >= _SHORTEST_LOT:
                verdicts[subject] = Verdict("needs_review", "in_the_text", None, subject.key)
        else:
            for number, clause in ranged:
                if any(each.holds(subject.key) is True for each in clause.ranges):
                    verdicts[subject] = _verdict("needs_review", "device_unsure", number, clause)
                    break
    return verdicts if any(verdict.answer == "needs_review" for verdict in verdicts.values()) else {}


def similar_makers(firms: Iterable[str], makers: Iterable[str]) -> set[str]:
    """Which makers may be one of the firms."""
    return {maker for maker in makers for firm in firms if fuzz.token_set_ratio(firm, maker) >= _SAME_MAKER}


@dataclass(frozen=True)
class _Device:
    """Whether an item is the device that a notice is about."""

    told: Told
    item: Item
    own: frozenset[str]

    def relevant(self) -> list[tuple[int, Clause, bool]] | None:
        """(number, clause, whether the item is its device for sure) of what concerns the item; None: nothing does."""
        named = (
            [self._names(clause) for clause in self.told.clauses]
            if self._is_named
            else [False] * len(self.told.clauses)
        )
        sure = any(each is True for each in named)
        may_be = any(each is None for each in named) or self.stands or self._may_be_meant()
        if not sure and not may_be:
            return None
        relevant = []
        for number, (clause, its) in enumerate(zip(self.told.clauses, named, strict=True), 1):
            if not (clause.dis or clause.refs):
                relevant.append((number, clause, sure))
            elif its is not False or not sure:
                relevant.append((number, clause, its is True))
        return relevant

    @cached_property
    def stands(self) -> bool:
        """Whether a number of its device stands in the notice's words, read as one or not. Of another maker's device: where they
        name that maker too, or where it is long and the firm has none of that number, so that the firm may have sold it."""
        if self._same_maker is not False:
            return bool(self.standing) or self._is_of_a_named_family
        long = any(len(near) >= _SAYS_ENOUGH for near in self.standing)
        return bool(self.standing) and (self._maker_stands or (long and self.own.isdisjoint(self.standing)))

    @property
    def may_share_lots(self) -> bool:
        """Whether lots of an item that the notice does not name are to be looked at if their number stands in it: it may be
        the maker's, or another's that is sold under the same catalogue number, unless the firm has one of that number; and
        who writes to us may name it by a number that we do not know."""
        if self._same_maker is False:
            return self.told.to_us or (bool(self.standing) and self.own.isdisjoint(self.standing))
        return not self._all_others

    @cached_property
    def standing(self) -> set[str]:
        """Which numbers and identifiers of its device stand in the notice's words, as `near_key` has them."""
        numbers = (number for number in (*self.item.numbers, *self.item.identifiers) if not number.isalpha())
        return {near for number in numbers if len(near := near_key(number)) >= SHORTEST and near in self.told.spoken}

    @property
    def _is_named(self) -> bool:
        """Whether any clause may name it: most items of a firm none does."""
        named = self.told.named
        numbered = not (named.refs.isdisjoint(self.item.numbers) and named.refs.isdisjoint(self.item.codes))
        return numbered or bool(self._perhaps) or not named.dis.isdisjoint(self.item.identifiers)

    @cached_property
    def _perhaps(self) -> set[str]:
        """Numbers and identifiers of the notice that may be its own: written almost alike, of several devices at once, or of
        another package of it."""
        named, found = self.told.named, set[str]()
        for identifier in self.item.identifiers:
            found |= named.packages.get(trade_item_of(identifier) or "", frozenset())
        for own in self.item.numbers if self._same_maker is not False else ():
            found |= named.alike.get(near_key(own), frozenset())
            found.update(mask for mask in named.masks if may_be_of(mask, own))
        return found

    @property
    def _is_of_a_named_family(self) -> bool:
        """Whether a number that the notice names begins as its own, or the other way round."""
        refs = self.told.named.refs
        return any(own in self.told.named.stems or not refs.isdisjoint(stems(own)) for own in self.item.numbers)

    @property
    def _maker_stands(self) -> bool:
        return any(
            len(name) >= SHORTEST
            and (f" {name} " in f" {self.told.words} " if name.isascii() else name in self.told.words)
            for name in self.item.makers
        )

    @cached_property
    def _is_stated_maker(self) -> bool:
        """Whether the notice says that its maker makes what is recalled, whoever wrote it."""
        return any(
            re.search(rf"{_MAKER} ?{re.escape(name)}(?![a-z0-9])", self.told.words)
            for name in self.item.makers
            if len(name) >= SHORTEST
        )

    def _names(self, clause: Clause) -> bool | None:
        """Whether a clause names the item; None: perhaps."""
        if not self.item.identifiers.isdisjoint(map(identifier_key, clause.dis)):
            return True
        refs = set(clause.refs)
        if not refs.isdisjoint(self.item.numbers) and (self._same_maker is not False or self._is_stated_maker):
            return self._same_maker or (True if self._is_stated_maker else None)
        if not (self._perhaps.isdisjoint(refs) and self._perhaps.isdisjoint(clause.dis)):
            return None
        return None if not refs.isdisjoint(self.item.codes) and self._same_maker is not False else False

    def _may_be_meant(self) -> bool:
        """Whether a device may be meant that the notice does not name in a way that we can compare."""
        if self._same_maker is False or self._all_others:
            return False
        if self._same_maker is None and not self.told.named.ways:
            return True  # it was found by the number of a lot alone
        if self.told.all_models and plain(self.item.name) in self.told.words:
            return True
        return self._same_maker is not None and fuzz.token_set_ratio(self.item.name, self.told.title) >= _SAME_NAME

    @cached_property
    def _all_others(self) -> bool:
        """Whether each device that the notice names is named in a way in which we know the item, and differs."""
        ways = self.told.named.ways
        if not ways or not self.told.named.clear or self.told.all_models:
            return False
        near = {near_key(number) for number in self.item.numbers}
        alike = self._is_of_a_named_family or not near.isdisjoint(self.told.named.alike)
        catalogued = any(len(number) <= _LONGEST_NUMBER and re.search("[0-9]", number) for number in self.item.numbers)
        agencies = {trade_item_of(identifier) is not None for identifier in self.item.identifiers}
        return not alike and all((its and agencies >= its) or (numbered and catalogued) for its, numbered in ways)

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
        #: named in words that were not understood: whatever else names it, it may be taken back there
        self.contested = {key for _, clause, _ in self.relevant if not clause.understood for key in clause.numbers}
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
        #: whether something says that not all lots are meant, though another clause does
        self.limited = any(clause.numbers or clause.ranges or clause.dates for _, clause, _ in self.relevant)
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
            if clause.every and clause.clear and sure and not self.limited and not self.without:
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
        if not self.contested.isdisjoint({subject.key, subject.lot_key}):
            return None
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
            if clause.every and not self.limited:
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
            if clause.every and not clause.dates and not (sure and clause.clear and not self.limited):
                return _verdict("needs_review", "unclear" if sure else "device_unsure", number, clause)
            if clause.dates and any(_may_be(each, subject) for each in clause.dates):
                return _verdict("needs_review", "dates", number, clause)
        if self.silent:
            return _verdict("needs_review", "nothing_said", *(self.unclear or (None, None)))
        if self.unclear is not None:
            return _verdict("needs_review", "unclear", *self.unclear)
        if not excepted and (of := self._sublot_of(subject)) is not None:
            return _verdict("needs_review", "nearly_listed", *of)
        if not excepted and (near := self.near.get(near_key(subject.key))) is not None:
            return _verdict("needs_review", "nearly_listed", *near)
        if self.by_serial and not subject.serial_id:
            return _verdict("needs_review", "no_number", *self.relevant[0][:2])
        return None

    def _sublot_of(self, subject: Subject) -> tuple[int, Clause] | None:
        """What lists the number that is its own but for what stands behind a sign."""
        near = (self.near.get(near_key(stem)) for stem in stems(subject.key))
        return next((each for each in near if each is not None), None)

    @staticmethod
    def _counts(what: str, subject: Subject) -> bool:
        return what == "either" or (what == "serial") == bool(subject.serial_id)


def _own(dates: Dates, subject: Subject) -> date | None:
    return {"expires": subject.usable_through, "manufactured": subject.manufactured_on}.get(dates.of)


def _is_within(dates: Dates, subject: Subject) -> bool:
    """Whether a lot is within days of it for sure: of "before 1 June", 1 June is not."""
    own, bounds = _own(dates, subject), {dates.first, dates.last}
    return dates.sure and own is not None and _may_be(dates, subject) and not (None in bounds and own in bounds)


def _may_be(dates: Dates, subject: Subject) -> bool:
    """Whether a lot may be within days of it."""
    own = _own(dates, subject)
    if own is None:
        return True
    return (dates.first is None or dates.first <= own) and (dates.last is None or own <= dates.last)


def _verdict(answer: str, reason: str, number: int | None, clause: Clause | None) -> Verdict:
    return Verdict(answer, reason, number, clause.text[:_LONGEST] if clause else "")  # type: ignore[arg-type]
