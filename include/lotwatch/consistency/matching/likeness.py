"""Finds which known thing a description is most likely about: by identifiers first, then by likeness, with the reason."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import Self

from rapidfuzz import fuzz

from lotwatch.master.names import compact, has_digit, maker, number, words

#: known things compared word by word with one description
_CANDIDATES = 30
#: a word that more of the known things have than this leads nowhere by itself
_TOO_COMMON = 2_000
#: likeness alone never says more than this; identifiers begin above
MOST_BY_LIKENESS = 89
#: without a model, catalogue number or code in common it says no more than this: variants often have the same name
MOST_BY_NAME = 82
#: nor, with a size or model that the other does not have, more than this
MOST_BY_OTHER_SIZE = 70
#: candidates within so many points of one another cannot be told apart: a few a person can choose from, many not
_MARGIN, _FEW, _FEW_ALIKE, _MANY_ALIKE = 4, 3, 10, 30


@dataclass(frozen=True)
class Described:
    """How somebody describes a thing. `code` is what they call it, `identifiers` are device identifiers by their keys."""

    code: str
    name: str = ""
    brand: str = ""
    model: str = ""
    catalogue_number: str = ""
    maker: str = ""
    registration_number: str = ""
    identifiers: frozenset[str] = frozenset()

    @classmethod
    def told(cls, code: str, said: Mapping[str, str], *, identifiers: frozenset[str] = frozenset()) -> Self:
        """From what somebody said, by the names of the fields."""
        return cls(
            code=code,
            name=said.get("name", ""),
            brand=said.get("brand", ""),
            model=said.get("model", ""),
            catalogue_number=said.get("catalogue_number", ""),
            maker=said.get("maker", ""),
            registration_number=said.get("registration_number", ""),
            identifiers=identifiers,
        )

    @cached_property
    def words(self) -> frozenset[str]:
        """All its words, numbers included."""
        return frozenset(words(f"{self.name} {self.brand} {self.model} {self.catalogue_number}"))

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Words with digits: sizes and models."""
        return frozenset(word for word in self.words if has_digit(word))

    @cached_property
    def own_numbers(self) -> frozenset[str]:
        """What it is ordered by: model, catalogue number, and the code it goes by."""
        return frozenset(filter(None, map(number, (self.model, self.catalogue_number, self.code))))

    @cached_property
    def text(self) -> str:
        """Its words without numbers, in the order of the alphabet."""
        return " ".join(sorted(self.words - self.numbers))

    @cached_property
    def run_together(self) -> str:
        """Name and numbers without spaces and signs, to find a number in however it is written."""
        return compact(f"{self.code} {self.name} {self.model} {self.catalogue_number}")


@dataclass(frozen=True, slots=True)
class Match:
    """A known thing that a description may be about. `score` is 0 to 100; the reason is in both languages."""

    key: str
    score: int
    en: str
    zh: str
    package_level: str = "unit"
    units_contained: int | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """A device identifier of a record: `units` of the record's device are in one package that bears it."""

    family: str
    level: str
    units: int


class Known:
    """What descriptions are compared with, by key, and what device records tell of identifiers that belong together.

    `packages` are identifiers (by their keys) with the record they belong to.
    """

    def __init__(self, things: Mapping[str, Described], packages: Mapping[str, Package] | None = None) -> None:
        self._things = things
        self._packages = packages or {}
        self._by_identifier: dict[str, set[str]] = defaultdict(set)
        self._by_family: dict[str, set[str]] = defaultdict(set)
        self._by_body: dict[str, set[str]] = defaultdict(set)
        self._by_registration: dict[str, set[str]] = defaultdict(set)
        self._by_number: dict[str, set[str]] = defaultdict(set)
        self._by_word: dict[str, list[str]] = defaultdict(list)
        for key, thing in things.items():
            self._add(key, thing)
        count = max(1, len(things))
        self._weight = {word: log(1 + count / len(keys)) for word, keys in self._by_word.items()}

    def _add(self, key: str, thing: Described) -> None:
        for identifier in thing.identifiers:
            self._by_identifier[identifier].add(key)
            self._by_body[_body(identifier)].add(key)
            if identifier in self._packages:
                self._by_family[self._packages[identifier].family].add(key)
        if thing.registration_number:
            self._by_registration[compact(thing.registration_number)].add(key)
        for each in thing.own_numbers:
            self._by_number[each].add(key)
        for word in thing.words:
            self._by_word[word].append(key)

    def matches(self, theirs: Described, most: int = 3) -> list[Match]:
        """The likeliest known things, the best first, at most `most`; identifiers come before likeness."""
        by_identifier = self._same_identifier(theirs)
        if by_identifier:
            return by_identifier[:most]
        by_number = self._same_numbers(theirs)
        named = {match.key for match in by_number}
        alike = [match for match in self._alike(theirs) if match.key not in named]
        return [*by_number, *alike][:most]

    # -- identifiers ---------------------------------------------------------------------------------------------------

    def _same_identifier(self, theirs: Described) -> list[Match]:
        found: list[Match] = []
        for identifier in sorted(theirs.identifiers):
            if keys := self._by_identifier.get(identifier):
                return _told(keys, 99, f"the same device identifier {identifier}", f"器械标识相同：{identifier}")
            package = self._packages.get(identifier)
            if package and (keys := self._by_family.get(package.family)):
                found += _told(
                    keys, 97,
                    f"its device record says {identifier} is a {package.level} of {package.units} of it",
                    f"器械记录表明 {identifier} 是其 {package.units} 件的{package.level}包装",
                    package.level, package.units,
                )  # fmt: skip
            elif (body := _body(identifier)) and (keys := self._by_body.get(body)):
                found += _told(
                    keys, 95,
                    f"{identifier} is its GTIN at another package level (same digits but for the first and the last)",
                    f"{identifier} 是其另一包装级别的 GTIN（除首位和末位外数字相同）",
                    "other",
                )  # fmt: skip
        return found

    def _same_numbers(self, theirs: Described) -> list[Match]:
        """Registration number and model, or catalogue number and manufacturer."""
        registered = self._by_registration.get(compact(theirs.registration_number), set())
        both = {key for key in registered if self._shares_model(theirs, self._things[key])}
        if theirs.registration_number and both:
            return _told(
                both, 93,
                f"registration {theirs.registration_number} and the model are the same",
                f"注册证 {theirs.registration_number} 和型号相同",
            )  # fmt: skip
        same = {
            key
            for each in theirs.own_numbers
            for key in self._by_number.get(each, ())
            if _same_maker(theirs, self._things[key])
        }
        if not same:
            return []
        numbers = ", ".join(
            sorted(theirs.own_numbers & frozenset().union(*(self._things[k].own_numbers for k in same)))
        )
        return _told(
            same, 91,
            f"the catalogue or model number {numbers} and the manufacturer are the same",
            f"货号或型号 {numbers} 和生产企业相同",
        )  # fmt: skip

    @staticmethod
    def _shares_model(theirs: Described, ours: Described) -> bool:
        return any(
            each in ours.run_together for each in (number(theirs.model), number(theirs.catalogue_number)) if each
        )

    # -- likeness ------------------------------------------------------------------------------------------------------

    def _alike(self, theirs: Described) -> list[Match]:
        scored = sorted(
            ((*self._compare(theirs, self._things[key]), key) for key in self._candidates(theirs)),
            key=lambda each: (-each[0], each[-1]),
        )
        if not scored:
            return []
        best = scored[0][0]
        alike = sum(points > best - _MARGIN for points, *_ in scored)
        made = []
        for points, most, en, zh, key in scored:
            score: float = min(points, most)
            if alike > 1 and points > best - _MARGIN:
                score -= _FEW_ALIKE if alike <= _FEW else _MANY_ALIKE
                en, zh = f"{en}; {alike} are as like", f"{zh}；有 {alike} 个同样相似"
            made.append(Match(key, max(0, round(score)), en, zh))
        return made

    def _candidates(self, theirs: Described) -> list[str]:
        """Known things that share its rarest words."""
        points: dict[str, float] = defaultdict(float)
        rarest_first = sorted(
            (w for w in theirs.words if w in self._by_word), key=lambda word: len(self._by_word[word])
        )
        for place, word in enumerate(rarest_first):
            keys = self._by_word[word]
            if len(keys) > _TOO_COMMON and place:
                break
            for key in keys:
                points[key] += self._weight[word]
        for each in theirs.own_numbers:
            for key in self._by_number.get(each, ()):
                points[key] += 2 * log(1 + len(self._things))
        return sorted(points, key=lambda key: (-points[key], key))[:_CANDIDATES]

    def _compare(self, theirs: Described, ours: Described) -> tuple[float, int, str, str]:
        """Points, the most they may count for, and the reason in both languages.

        Words that are alike, less sizes that are not, within what the manufacturer allows.
        """
        text = (fuzz.token_sort_ratio(theirs.text, ours.text) + fuzz.token_set_ratio(theirs.text, ours.text)) / 2
        shared = self._shared_weight(theirs.words & ours.words) / (self._shared_weight(theirs.words) or 1)
        points: float = 0.55 * text + 0.45 * 100 * shared
        en, zh = [f"names alike by {text:.0f} %"], [f"名称相似度 {text:.0f} %"]
        same_number = next((each for each in sorted(theirs.own_numbers) if each in ours.run_together), None) or next(
            (each for each in sorted(ours.own_numbers) if len(each) > 3 and each in theirs.run_together), None
        )
        most = MOST_BY_LIKENESS if same_number else MOST_BY_NAME
        if same_number:
            points = max(points, 62) + 20
            en.append(f"{same_number} in both")
            zh.append(f"均含 {same_number}")
        elif theirs.numbers and ours.numbers:
            if not theirs.numbers <= ours.numbers and not ours.numbers <= theirs.numbers:
                most = MOST_BY_OTHER_SIZE
            told = len(theirs.numbers & ours.numbers) / len(theirs.numbers)
            points *= 0.55 + 0.45 * told
            en.append("the sizes agree" if told == 1 else "sizes or models differ")
            zh.append("规格一致" if told == 1 else "规格或型号不一致")
        elif theirs.numbers or ours.numbers:
            points -= 6  # one of them does not say which variant it is
        if theirs.maker and ours.maker:
            like = fuzz.token_set_ratio(maker(theirs.maker), maker(ours.maker))
            points = points + 6 if like >= 85 else min(points, 55)
            en.append("same manufacturer" if like >= 85 else "another manufacturer")
            zh.append("生产企业相同" if like >= 85 else "生产企业不同")
        return max(0.0, points), most, ", ".join(en), "，".join(zh)

    def _shared_weight(self, shared: Iterable[str]) -> float:
        most = log(1 + len(self._things))
        return sum(self._weight.get(word, most) for word in shared)


def _same_maker(theirs: Described, ours: Described) -> bool:
    return bool(theirs.maker and ours.maker) and (fuzz.token_set_ratio(maker(theirs.maker), maker(ours.maker)) >= 85)


def _body(identifier: str) -> str:
    """The twelve digits that a GTIN keeps at every package level; empty for what is no GTIN."""
    return identifier[1:13] if len(identifier) == 14 and identifier.isdigit() else ""


def _told(
    keys: Iterable[str], score: int, en: str, zh: str, level: str = "unit", units: int | None = None
) -> list[Match]:
    """One match for each key; where there are several, none is certain."""
    chosen: Sequence[str] = sorted(keys)
    if len(chosen) > 1:
        score, en, zh = score - 15, f"{en}; so it is for {len(chosen)} of ours", f"{zh}；我方有 {len(chosen)} 个符合"
    return [Match(key, score, en, zh, level, units) for key in chosen]
