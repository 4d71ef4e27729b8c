"""Reads a line's tokens into clauses: what its words say of the numbers, days and devices behind them."""

import re
from datetime import date, timedelta
from itertools import islice

from lotwatch.recall.reading.ahead import (
    NUMBERED,
    all_before_numbers,
    heads_pairs,
    marks_item,
    named_again,
    number_next,
    numbered_next,
)
from lotwatch.recall.reading.dates import days, is_sure, of_eight_digits
from lotwatch.recall.reading.model import Clause, Dates, Range, What
from lotwatch.recall.reading.numbers import (
    IDENTIFIER,
    SIZE,
    begin_alike,
    ends_of,
    is_masked,
    masked,
    may_stand_for,
    number_key,
    shape,
)
from lotwatch.recall.reading.tokens import Token
from lotwatch.recall.reading.words import BESIDE, BOUND, HARMLESS, NARROWS, OF_NUMBERS, SIGNS

_DATED = frozenset({"expires", "manufactured", "distributed"})
#: characters of a clause that are kept
_LONGEST = 2_000
#: how far back numbers that are like one are looked for
_MOST_TOGETHER = 100
_MONTH = timedelta(days=31)


class Clauses:
    """The clauses of one text, `done`, from what is read of it line by line, and what later lines go on with.

    `known` are the keys of devices that the notice names: they are never lots. In a `strict` text every word counts.
    """

    def __init__(self, field: str, text: str, *, known: frozenset[str], strict: bool) -> None:
        self.done: list[Clause] = []
        self.unaffected = False  # the text names what is not affected, too
        self.what: str | None = None  # what the numbers that follow are
        self.awaits = False  # a heading named no device: the next line may
        self.above: str | None = None  # the heading that makes the numbers below it unclear
        self._field, self._text, self._known, self._strict = field, text, known, strict
        self._heading: str | None = None
        self._scope: tuple[list[str], list[str]] = ([], [])
        self._pairs = False  # each number has its day behind it
        self._begin(0)

    def go_on(self, before: "Clauses") -> None:
        """Take up where the clauses of the text before ended."""
        self.what, self._scope, self._heading = before.what, before._scope, before._heading

    def read(self, line: list[Token], ends: int) -> None:
        """Read a line; it ends at that character."""
        self._begin(line[0].starts if line else ends)
        at = 0
        while at < len(line):
            at = self._take(line, at)
        self._close(ends)

    def _begin(self, starts: int) -> None:
        """A new clause, about what the one before was about."""
        self._starts = starts
        self._clause = Clause(self._field, starts, starts, "")
        self._residue: list[str] = []
        self._named = self._named_first = self._tells = self._except = self._between = False
        self._numbered: str | None = None
        self._dated: str | None = None
        self._bound: str | None = None
        self._depth = 0
        self._before = (0, 0, 0)
        self._made_first = False

    def _close(self, ends: int) -> None:
        clause = self._clause
        words = self._text[self._starts : ends]
        if self._tells_of_last(self._text[self._starts - 1 : self._starts], words):
            clause.dates = []
        tells = self._tells or self._clause.says_which or bool(self._clause.without)
        if not self._strict and not tells and (narrows := NARROWS.search(words)):
            self._residue.append(narrows[0])
            tells = True
        if self.above and tells:
            self._residue.append(self.above)
        self.awaits = self.what in {"ref", "di"} and not self._named
        stripped = words.strip(" \t\r\n;,")
        clause.starts = self._starts + (words.find(stripped) if stripped else 0)
        clause.ends, clause.text = clause.starts + len(stripped), stripped[:_LONGEST]
        if clause.dis or clause.refs:
            self._scope = (clause.dis, clause.refs)
            if not self._strict and BESIDE.search(words):
                self._residue.append("for use with")
                clause.dis, clause.refs, tells = [], [], True
                self._scope = ([], [])
        elif tells:
            clause.dis, clause.refs = list(self._scope[0]), list(self._scope[1])
        if clause.numbers and self.what == "ref":
            self.what = self._numbered or self.what  # behind "lots 1, 2 (REF A)" the list goes on
        if clause.dates and clause.numbers:
            if self._made_first or any(
                None in {each.first, each.last} and each.first != each.last for each in clause.dates
            ):
                self._residue.append("dates")  # do they restrict the numbers?
            clause.dates = []
        clause.more = clause.more and (tells or self._strict)
        if tells or (self._strict and self._residue):
            clause.residue = list(dict.fromkeys(self._residue))
        if tells or clause.residue or clause.more or clause.dis or clause.refs:
            self.done.append(clause)
        self._begin(ends)

    def _tells_of_last(self, sign: str, words: str) -> bool:
        """Whether all that it says are the days of the numbers before it: Lot 55; Exp. 2027-05."""
        clause, last = self._clause, self.done[-1] if self.done else None
        if last is None or not last.numbers or not self._strict or sign != ";" or clause.every or clause.ranges:
            return False
        one = len(clause.dates) == 1 and not (clause.numbers or self._residue or BOUND.search(words))
        return one and all(
            each.of == "expires" and each.first and each.last and each.last - each.first < _MONTH
            for each in clause.dates
        )

    def _take(self, line: list[Token], at: int) -> int:
        """Read the token there; returns which is next."""
        token = line[at]
        kind = token.kind
        if kind == "stop":
            self._close(token.starts)
            self._begin(token.ends)
            return at + 1
        if kind in NUMBERED:
            self.what, self._dated, self._numbered, self._pairs = kind, None, kind, False
        elif kind in {"ref", "di"}:
            self._heading = self.what if self.what in NUMBERED and not self._clause.numbers else None
            self.what, self._dated = kind, None
        elif kind == "udi":
            self._label(line, at)
        elif kind == "more":
            self._clause.more = True
        elif kind == "affix":
            return self._affixed(line, at)
        elif kind in _DATED:
            # "lot number/expiration date:" is the heading of a list
            self._pairs = self._pairs or heads_pairs(line, at)
            if not heads_pairs(line, at):
                self._dated, self._bound = kind, None
        elif kind == "date":
            return self._date(line, at)
        elif kind == "every":
            # in prose, "all units" are those to look for
            self._clause.every |= self._strict or bool(OF_NUMBERS.search(token.text))
        elif kind == "except":
            self._except = self._tells = True
        elif kind == "except_before":
            self._except_before()
        elif kind == "after_except":
            if not self._except:
                self._residue.append(token.text)
            self._except = False
        elif kind == "number":
            return self._number(line, at)
        elif kind == "skip":
            return self._skip(line, at)
        else:
            self._word(line, at)
        return at + 1

    def _except_before(self) -> None:
        """The numbers in these parentheses are left out, after all."""
        clause = self._clause
        for listed, before in zip((clause.lots, clause.serials, clause.either), self._before, strict=True):
            clause.without += listed[before:]
            del listed[before:]
        self._tells = True
        if not self._depth or not clause.without:
            self._residue.append("除外")

    def _word(self, line: list[Token], at: int) -> None:
        token = line[at]
        kind, text = token.kind, token.text
        if kind == "unaffected":
            self.unaffected = True
        elif kind == "to":
            if self.what in NUMBERED and text.isalpha() and number_next(line, at):
                self._residue.append(text)  # to a number, from which?
        elif kind in {"not", "elsewhere", "cut", "quantity", "thousands"}:
            self._unsure(line, at)
        elif kind == "between":
            self._between = True
            self._bound = "after" if self._dated else None
        elif kind in {"before", "after"}:
            self._bound = kind
            if not self._dated:
                self._residue.append(text)
        elif kind == "word":
            if len(text) == 1 and marks_item(line, at):
                return  # b) of a list
            if self.what == "ref" and at + 1 < len(line) and line[at + 1].kind == "number" and SIZE.fullmatch(text):
                return  # it belongs to the number: RTL 10433
            if self.what in NUMBERED and at + 1 < len(line) and line[at + 1].kind == "number" and text.isupper():
                self._clause.doubtful.append(number_key(text + line[at + 1].text))
                self._residue.append(text)  # a word, or the number's beginning: A 1234
                return
            if text.casefold() not in HARMLESS:
                self._residue.append(text)
                if self.what == "ref" and not self._depth and not self._strict:
                    self.what = None
        elif kind == "mark":
            self._depth += (text in "([（") - (text in ")]）")
            if text in "([（":
                self._before = (len(self._clause.lots), len(self._clause.serials), len(self._clause.either))
            if text == ":" and self.what == "ref" and self._named and self._heading:
                self.what, self._heading = self._heading, None
            if text not in SIGNS:
                self._residue.append(text)

    def _unsure(self, line: list[Token], at: int) -> None:
        """Words after which it is not said for sure which numbers are meant."""
        token = line[at]
        if token.kind == "thousands":  # one number, or several of three digits?
            if self.what in NUMBERED:
                self._tells = True
                self._clause.doubtful += [token.text.replace(",", ""), *token.text.split(",")]
                self._residue.append(token.text)
            return
        if token.kind == "quantity":
            digits = re.sub(r"[^0-9,]", "", token.text)
            if at and (line[at - 1].text == "(" or (line[at - 1].text == "/" and line[at - 1].ends < token.starts)):
                self._clause.doubtful += digits.split(",") if self.what in NUMBERED and "," in digits else []
                return  # beside a number: how many of it
            if self.what in NUMBERED and ("," in digits or len(digits) > 4 or not self._depth):
                self._clause.doubtful += digits.split(",")
                self._residue.append(token.text)
            return
        if token.kind == "not" and self._strict:
            self.unaffected = True
        self._tells |= token.kind == "elsewhere"
        self._residue.append(token.text)
        before = line[at - 1] if at else None
        if token.kind == "cut" and before is not None and before.kind == "number" and before.ends == token.starts:
            key = number_key(before.text)
            for listed in (self._clause.lots, self._clause.serials, self._clause.either, self._clause.refs):
                if key in listed:
                    listed.remove(key)
            self._clause.doubtful.append(f"{key}*")

    def _label(self, line: list[Token], at: int) -> None:
        """A whole UDI: the device, and its lot or serial."""
        found = dict(re.findall(r"\((01|10|21)\)\s*([^\s(),;]+)", line[at].text))
        if self._clause.says_which:
            self._close(line[at].starts)
        self._name(line, at, found["01"], "dis")
        if "10" in found:
            self._clause.lots.append(number_key(found["10"]))
        if "21" in found:
            self._clause.serials.append(number_key(found["21"]))

    def _number(self, line: list[Token], at: int) -> int:
        token = line[at]
        text = token.text.lstrip("*") if token.text.startswith("**") else token.text
        following = line[at + 1] if at + 1 < len(line) else None
        if (
            text.isdigit() and len(text) <= 3 and following is not None
            and following.text == ")" and following.starts == token.ends and not self._depth
        ):  # fmt: skip
            return at + 2  # 1) of a list
        if text.isdigit() and len(text) <= 2 and self._opens_item(line, at):
            return at + 1  # (1) of a list
        key = number_key(text)
        if self.what == "di" and IDENTIFIER.fullmatch(text):
            self._name(line, at, key, "dis")
        elif self._dated and (day := of_eight_digits(text)):
            return self._dates(line, at, day)
        elif self._is_device(line, at, key):
            before = line[at - 1] if at else None
            if is_masked(key):
                key = masked(key)
            if before is not None and before.kind == "to" and at > 1 and line[at - 2].kind == "number":
                self._name(line, at, f"{number_key(line[at - 2].text)}..{key}", "refs")
            if before is not None and before.kind == "word" and SIZE.fullmatch(before.text) and self.what == "ref":
                key = number_key(before.text) + key
            self._name(line, at, key, "refs")
        elif self.what in NUMBERED or self._except:
            return self._list(line, at, text)
        else:
            self._residue.append(text)
        return at + 1

    def _is_device(self, line: list[Token], at: int, key: str) -> bool:
        """Whether a number is that of a device: known as one, after a word that says so, or before "lot"."""
        if key in self._known or self.what == "ref":
            return True
        follows = line[at + 1] if at + 1 < len(line) else None
        if follows is None:
            return False
        if self.what not in NUMBERED and (named_again(line, at) or all_before_numbers(line, at)):
            return True
        if self._numbered is not None:  # after "lot" it is one, even before "serial"
            if follows.kind == self._numbered:
                self._residue.append(line[at].text)
            return False
        if follows.kind in NUMBERED and at + 2 < len(line) and line[at + 2].text.casefold() in {"of", "from", "for"}:
            return False  # 5X111 lot of FS-200: it is the lot
        return follows.kind in NUMBERED or (follows.text in {",", ":"} and numbered_next(line, at + 1))

    def _opens_item(self, line: list[Token], at: int) -> bool:
        """Whether a number in parentheses is that of an item of a list: a device or what a number is follows."""
        if not marks_item(line, at) or line[at - 1].text != "(" or at + 2 >= len(line):
            return False
        follows = line[at + 2]
        return follows.kind in NUMBERED | {"ref", "di"} or number_key(follows.text) in self._known

    def _name(self, line: list[Token], at: int, key: str, among: str) -> None:
        """A device; after numbers it begins a clause of its own, or is what they are of."""
        counted = self._clause.says_which or bool(self._clause.without)
        if counted and numbered_next(line, at):
            what = self.what
            self._close(line[at].starts)
            self.what, counted = what, False
        elif counted and self._named_first:
            self._residue.append(key)  # whose are the numbers?
            return
        self._named = True
        self._named_first |= not counted
        known: list[str] = getattr(self._clause, among)
        if key not in known:
            known.append(key)

    def _list(self, line: list[Token], at: int, text: str) -> int:
        """A number, or a range of them, of what the words before said."""
        what: What = self.what if self.what in NUMBERED else "either"  # type: ignore[assignment]
        key = number_key(text)
        sign = line[at - 1] if at > 1 else None
        if sign is not None and sign.text == "-" and sign.ends == line[at].starts and line[at - 2].kind == "and":
            self._clause.doubtful.append(f"*{key}")  # the end of a number: ABX-11, -12
            self._residue.append(text)
            return at + 1
        if at + 2 < len(line) and line[at + 2].kind == "number" and (
            line[at + 1].kind == "to" or (self._between and line[at + 1].text.lower() in {"and", "和", "与"})
        ):  # fmt: skip
            self._range(what, key, number_key(line[at + 2].text), sure=True)
            return at + 3
        following = line[at + 1].kind if at + 1 < len(line) else None
        if following in {"onward", "backward"} and re.fullmatch(r"[^*?]*[0-9]", key):
            self._range(what, *((key, "") if following == "onward" else ("", key)), sure=True)
            return at + 2
        if "*" in key or "?" in key or is_masked(key):
            self._clause.doubtful.append(masked(key))
            self._residue.append(text)
            return at + 1
        before = line[at - 1] if at else None
        if before is not None and before.kind == "number" and (self._clause.numbers or self._clause.without):
            self._clause.doubtful.append(number_key(before.text) + key)  # one number with a space in it, or two?
            if min(len(before.text), len(text)) <= 2:
                self._residue.append(text)
        if ends := ends_of(key):
            sure = bool(re.search(r"range|between|from", self._text[self._starts : line[at].starts], re.IGNORECASE))
            # beside numbers that are like its ends it is none itself
            sure |= begin_alike(*ends) and any(
                shape(each) == shape(ends[0]) for each in self._clause.numbers[-_MOST_TOGETHER:]
            )
            self._range(what, *ends, sure=sure)
            if not sure:
                self._clause.doubtful.append(key)  # it may be a number with a sign in it
            return at + 1
        self._listed(what, key)
        several, ends = may_stand_for(key)
        self._clause.doubtful += several
        if ends:
            self._clause.ranges.append(Range(what, *ends, sure=False))
        return at + 1

    def _listed(self, what: What, key: str) -> None:
        if self._except:
            self._clause.without.append(key)
        else:
            {"lot": self._clause.lots, "serial": self._clause.serials, "either": self._clause.either}[what].append(key)

    def _affixed(self, line: list[Token], at: int) -> int:
        """Numbers that begin, or end, with what follows."""
        following = line[at + 1] if at + 1 < len(line) else None
        if self.what not in NUMBERED or self._except or following is None or following.kind not in {"number", "word"}:
            self._residue.append(line[at].text)
            return at + 1
        key = number_key(following.text)
        pattern = f"*{key}" if "end" in line[at].text.lower() else f"{key}*"
        self._range(self.what, pattern, pattern, sure=False)  # type: ignore[arg-type]
        after = line[at + 2] if at + 2 < len(line) else None
        if after is not None and after.kind != "stop" and after.text not in SIGNS:
            self._residue.append(after.text)  # another beginning, or a number?
        return at + 2

    def _range(self, what: What, first: str, last: str, *, sure: bool) -> None:
        if self._except:
            self._residue.append(f"{first}-{last}")  # left out: nothing is cleared by a range
        else:
            self._clause.ranges.append(Range(what, first, last, sure))

    def _date(self, line: list[Token], at: int) -> int:
        token = line[at]
        if self._pairs and at and line[at - 1].kind == "number":
            return at + 1  # the expiry date of the number before it
        if not self._dated:
            behind = (
                each.kind for each in line[at + 1 : at + 5] if each.kind not in {"to", "and", "date", "before", "after"}
            )
            self._dated = next((kind for kind in islice(behind, 1) if kind in _DATED), None)
        if not self._dated:
            if self.what in NUMBERED:
                self._clause.doubtful.append(number_key(token.text))
            self._residue.append(token.text)
            return at + 1
        if at and line[at - 1].kind == "to" and line[at - 1].text.isalpha() and self._bound is None:
            self._bound = "before"  # through 2027-05
        return self._dates(line, at, days(token.text))

    def _dates(self, line: list[Token], at: int, day: tuple[date, date] | None) -> int:
        """A day or month, or from one to another, after a word that says of what."""
        token = line[at]
        if day is None or self._except:
            self._residue.append(token.text)
            return at + 1
        first: date | None
        last: date | None
        first, last, following, sure = *day, at + 1, is_sure(token.text)
        if at + 2 < len(line) and line[at + 1].kind in {"to", "and"} and line[at + 2].kind == "date":
            until = days(line[at + 2].text)
            if until is None or (line[at + 1].kind == "and" and not self._between):
                self._residue.append(line[at + 2].text)
            else:
                last, sure = until[1], sure and is_sure(line[at + 2].text)
            following = at + 3
        elif self._bound == "before":
            first = None
        elif self._bound == "after" or (following < len(line) and line[following].kind == "after"):
            last, following = None, following + (self._bound != "after")
        elif following < len(line) and line[following].kind == "before":
            first, following = None, following + 1
        self._made_first |= self._dated == "manufactured" and not self._clause.numbers
        self._clause.dates.append(Dates(self._dated, first, last, sure))  # type: ignore[arg-type]
        self._dated = self._bound = None
        return following

    def _skip(self, line: list[Token], at: int) -> int:
        """Passes over what a heading says: a product's name, a quantity."""
        at += 1
        while at < len(line) and line[at].kind not in {
            *NUMBERED,
            "stop",
            "ref",
            "di",
            "every",
            "except",
            "unaffected",
            "skip",
        }:
            at += 1
        return at
