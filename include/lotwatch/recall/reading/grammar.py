"""Reads clauses out of a text: which devices, which lots and serials, and what was not understood.

Cautious: a passage that lists numbers or narrows them is only clear when every word of it is known here.
"""

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import islice, pairwise

from lotwatch.recall.reading.model import Clause, Dates, Range, What, number_key
from lotwatch.recall.reading.tokens import Token, tokens

#: of a text, and of a clause as it is kept
_MOST_TOKENS, _LONGEST = 100_000, 2_000
_NUMBERED = frozenset({"lot", "serial", "either"})
_DATED = frozenset({"expires", "manufactured", "distributed"})
_TRIGGER = re.compile(
    r"\b(?:lots?|batch|serials?|s/n|sn|ref|catalog|cat\.|models?|items?|part|reorder|udi|gtin|all|except|exclud|other than"
    r"|unaffected|not (?:affected|impacted|included|involved|subject)|manufactured|produced|distributed|shipped|sold"
    r"|onwards?|prefix|suffix|(?:beginn?|start|end)(?:s|ing)? with|supersed\w*|in error|(?:and|or) (?:higher|lower|later|earlier|newer|older)"
    r"|attached|attachment|annex|appendix|enclosed)|[批号除全所附销产型货规识起误更]",
    re.IGNORECASE,
)
#: words and signs that change nothing about which numbers are meant
_WORDS = """
a an the of in is are was were be this these those following with for on by as to add added additional
expanded recall recalled recalls highlighted affected impacted involved include includes including included
inclusive identified product products device devices unit units range ranges number numbers no code codes
model models kit kits box boxes case cases carton cartons pouch pouches package packages packaging packaged
each ea been our we mfr individual individually sterile outer inner label labeled labelled only s date dates day days all has have 号
"""
_HARMLESS = frozenset(_WORDS.split())
_SIGNS = frozenset("/#\"'*:()[]{}-–—“”‘’（）【】:：|•·._")
_BESIDE = re.compile(
    r"\b(?:compatible|for use with|used with|use with|fits|accessor(?:y|ies) (?:of|to|for))\b|适用于|配合|配套",
    re.IGNORECASE,
)
#: such words and what follows them in their sentence
USED_WITH = re.compile(rf"(?:{_BESIDE.pattern})[^.;。；\n]*", re.IGNORECASE)
#: numbers of devices in a line of their own, below a heading
_NAMED = re.compile(r"\s*(?=[^0-9]*[0-9])[A-Z0-9][A-Z0-9./_-]*(?:\s*[,;]\s*[A-Z0-9][A-Z0-9./_-]*)*\s*")
#: what narrows or widens a list from a sentence of its own
_NARROWS = re.compile(
    r"\bonwards?\b|\bprefix|\bsuffix|\b(?:beginn?|start|end)(?:s|ing)? (?:with|in)\b|\bsupersed|\bin error\b"
    r"|\b(?:and|or) (?:higher|lower|later|earlier|above|below|newer|older|after|before)\b|[0-9号]起|误列|更正",
    re.IGNORECASE,
)
#: of a heading, what says that those below it are not the ones that are recalled
OTHERWISE = re.compile(
    r"\b(?:replace|replacement|alternative|substitut|instead|example|e\.g|safe|may (?:still )?be used|not)|替[代换]|继续使用|例如|示例",
    re.IGNORECASE,
)
_END = r"[A-Z]{0,6}[0-9]{2,18}"
_ONE_RANGE = re.compile(rf"({_END})\s*(?:[-–—~]|to|thru|through|至|到)\s*({_END})", re.IGNORECASE)
_RANGES = re.compile(rf"\s*{_ONE_RANGE.pattern}(?:[\s,;、]+{_ONE_RANGE.pattern})*[\s,;.]*", re.IGNORECASE)
#: of a heading, that the numbers below it are the ends of ranges
_ENDS = re.compile(r"\b(?:start\b.*\bend|first\b.*\blast|from\b.*\bto)\b|起始.*(?:截止|终止|结束)", re.IGNORECASE)
_LONGEST_HEADING = 80
_OF_NUMBERS = re.compile(r"lot|batch|serial|批|序列", re.IGNORECASE)
_MASKED = re.compile(r"[0-9]X{2,}")
_SIZE = re.compile(r"[A-Z]{1,4}")
_IDENTIFIER = re.compile(r"[0-9]{8}|[0-9]{12,14}|\+?[A-Z][A-Z0-9]{5,22}|MA\.[0-9A-Z.]+", re.IGNORECASE)
#: how far numbers that belong together are looked for
_MOST_TOGETHER = 100
#: of a number, what may stand alone in the next line; what two ends of a range have in common
_LONGEST_REST, _LONGEST_ENDING = 3, 3
_MONTH = timedelta(days=31)
_BOUND = re.compile(
    r"\b(?:through|thru|to|until|before|after|from|and|or|since|by|on)\b(?<!use by)|[至到前后起]", re.IGNORECASE
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Grammar:
    """Reads one text. `known` are the keys of devices that the notice names: they are never lots. A `strict` text says
    which lots are meant and nothing else; in prose, sentences that have nothing to do with it are passed over.
    """

    def __init__(self, field: str, text: str, *, known: frozenset[str], strict: bool) -> None:
        self._field, self._text, self._known, self._strict = field, text, known, strict
        self._what: str | None = None
        self._heading: str | None = None
        self._below: str | None = None
        self._awaits = False  # a heading named no device: the next line may
        self._scope: tuple[list[str], list[str]] = ([], [])
        self._unaffected = False
        self._pairs = False  # each number has its day behind it
        self._done: list[Clause] = []
        self._begin(0)

    def go_on(self, before: "Grammar") -> list[Clause]:
        """The clauses of a text with which another, which was read, goes on, perhaps within a number."""
        self._what, self._scope, self._heading = before._what, before._scope, before._heading
        self.read()
        for clause in before._done if self._unaffected else ():
            clause.residue.append("not affected")
        self._mend(before)
        return self._done

    def _mend(self, before: "Grammar") -> None:
        """Where the two meet within a word it may be one number or two; where it is none at all, nobody knows what it is."""
        ends, begins = re.search(r"[^\W_]+$", before._text), re.match(r"[^\W_]+", self._text)
        if not (ends and begins and before._done and self._done):
            return
        last, first = before._done[-1], self._done[0]
        if not (
            last.numbers and first.numbers and last.numbers[-1].endswith(number_key(ends[0])) and first.starts == 0
        ):
            last.residue.append("…")
            return
        halves = last.numbers[-1], first.numbers[0]
        last.doubtful += [*halves, "".join(halves)]
        for clause, half in zip((last, first), halves, strict=True):
            for listed in (clause.lots, clause.serials, clause.either):
                if half in listed:
                    listed.remove(half)

    def read(self, *, goes_on: bool = False) -> list[Clause]:
        """The clauses, in order. Another text `goes_on` where this one ends."""
        read = 0
        for starts, ends in self._passages():
            line = list(islice(tokens(self._text, starts, ends), _MOST_TOKENS - read))
            read += len(line)
            self._line(line, ends)
            if read == _MOST_TOKENS:  # nobody knows what the rest says of the numbers before it
                self._done.append(Clause(self._field, ends, ends, ""))
                for clause in self._done:
                    clause.residue.append("…")
                break
        self._mend_lines()
        if self._strict and not (goes_on and re.search(r"[,;、，；]$", self._text.rstrip())):
            self._mark_cut()
        self.mark_unaffected(self._done)
        return self._done

    def _mend_lines(self) -> None:
        """Where a line ends in a number and the next begins with a shorter piece of one, it may be the rest of it."""
        for last, first in pairwise(self._done):
            between = self._text[last.ends : first.starts]
            if last.numbers and first.numbers and "\n" in between and not between.strip():
                head, tail = last.numbers[-1], first.numbers[0]
                ends = number_key(self._text[last.starts : last.ends]).endswith(head)
                begins = number_key(self._text[first.starts : first.ends]).startswith(tail)
                if ends and begins and len(tail) < len(head) and _shape(tail) != _shape(head):
                    first.doubtful.append(head + tail)
                    if tail.isdigit() and len(tail) <= _LONGEST_REST:
                        last.residue.append("…")
                        first.residue.append("…")

    def mark_unaffected(self, clauses: Iterable[Clause]) -> None:
        """Where the text that was read names what is not affected too, nobody knows which of its numbers those are."""
        if self._unaffected:
            for clause in clauses:
                clause.residue.append("not affected")

    def _passages(self) -> Iterator[tuple[int, int]]:
        """What is read: all of a strict text; of prose, lines about lots or devices, and the numbers that follow them."""
        if self._strict:
            yield 0, len(self._text)
            return
        for line in re.finditer(r"[^\n]+", self._text):
            if line[0].rstrip().endswith(":"):
                self._below = line[0].strip() if OTHERWISE.search(line[0]) else None
            elif _is_of_ends(line[0]):
                self._below = line[0].strip()
            goes_on = self._what in _NUMBERED and re.match(r"\s*[A-Za-z*-]{0,8}[0-9]", line[0])
            if goes_on or (self._awaits and _NAMED.fullmatch(line[0])) or _TRIGGER.search(line[0]):
                yield line.start(), line.end()
            elif line[0].strip():
                self._what = None
                self._stray(line)

    def _stray(self, line: re.Match[str]) -> None:
        """A line of ranges alone, as behind the end of a page, may go on with those before."""
        if not (_RANGES.fullmatch(line[0]) and any(clause.numbers or clause.ranges for clause in self._done)):
            return
        clause = Clause(self._field, line.start(), line.end(), line[0].strip())
        for first, last in ((number_key(each[1]), number_key(each[2])) for each in _ONE_RANGE.finditer(line[0])):
            if _same_shape(first, last):
                clause.ranges.append(Range("either", first, last, sure=False))
        if clause.ranges:
            self._done.append(clause)

    def _line(self, line: list[Token], ends: int) -> None:
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
        self._affix: str | None = None
        self._depth = 0
        self._before = (0, 0, 0)
        self._made_first = False

    def _close(self, ends: int) -> None:
        clause = self._clause
        words = self._text[self._starts : ends]
        if self._tells_of_last(self._text[self._starts - 1 : self._starts], words):
            clause.dates = []
        tells = self._tells or self._clause.says_which or bool(self._clause.without)
        if not self._strict and not tells and (narrows := _NARROWS.search(words)):
            self._residue.append(narrows[0])
            tells = True
        if self._below and tells:
            self._residue.append(self._below)
        self._awaits = self._what in {"ref", "di"} and not self._named
        stripped = words.strip(" \t\r\n;,")
        clause.starts = self._starts + (words.find(stripped) if stripped else 0)
        clause.ends, clause.text = clause.starts + len(stripped), stripped[:_LONGEST]
        if clause.dis or clause.refs:
            self._scope = (clause.dis, clause.refs)
            if not self._strict and _BESIDE.search(words):
                self._residue.append("for use with")
                clause.dis, clause.refs, tells = [], [], True
                self._scope = ([], [])
        elif tells:
            clause.dis, clause.refs = list(self._scope[0]), list(self._scope[1])
        if clause.numbers and self._what == "ref":
            self._what = self._numbered or self._what  # behind "lots 1, 2 (REF A)" the list goes on
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
            self._done.append(clause)
        self._begin(ends)

    def _tells_of_last(self, sign: str, words: str) -> bool:
        """Whether all that it says are the days of the numbers before it: Lot 55; Exp. 2027-05."""
        clause, last = self._clause, self._done[-1] if self._done else None
        if last is None or not last.numbers or not self._strict or sign != ";" or clause.every or clause.ranges:
            return False
        one = len(clause.dates) == 1 and not (clause.numbers or self._residue or _BOUND.search(words))
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
        if kind in _NUMBERED:
            self._what, self._dated, self._numbered, self._pairs = kind, None, kind, False
        elif kind in {"ref", "di"}:
            self._heading = self._what if self._what in _NUMBERED and not self._clause.numbers else None
            self._what, self._dated = kind, None
        elif kind == "udi":
            self._label(line, at)
        elif kind == "more":
            self._clause.more = True
        elif kind == "affix":
            return self._affixed(line, at)
        elif kind in _DATED:
            # "lot number/expiration date:" is the heading of a list
            self._pairs = self._pairs or _heads_pairs(line, at)
            if not _heads_pairs(line, at):
                self._dated, self._bound = kind, None
        elif kind == "date":
            return self._date(line, at)
        elif kind == "every":
            # in prose, "all units" are those to look for
            self._clause.every |= self._strict or bool(_OF_NUMBERS.search(token.text))
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
            self._unaffected = True
        elif kind == "to":
            if self._what in _NUMBERED and text.isalpha() and _number_next(line, at):
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
            if len(text) == 1 and _marks(line, at):
                return  # b) of a list
            if self._what == "ref" and at + 1 < len(line) and line[at + 1].kind == "number" and _SIZE.fullmatch(text):
                return  # it belongs to the number: RTL 10433
            if self._what in _NUMBERED and at + 1 < len(line) and line[at + 1].kind == "number" and text.isupper():
                self._clause.doubtful.append(number_key(text + line[at + 1].text))
                self._residue.append(text)  # a word, or the number's beginning: A 1234
                return
            if text.casefold() not in _HARMLESS:
                self._residue.append(text)
                if self._what == "ref" and not self._depth and not self._strict:
                    self._what = None
        elif kind == "mark":
            self._depth += (text in "([（") - (text in ")]）")
            if text in "([（":
                self._before = (len(self._clause.lots), len(self._clause.serials), len(self._clause.either))
            if text == ":" and self._what == "ref" and self._named and self._heading:
                self._what, self._heading = self._heading, None
            if text not in _SIGNS:
                self._residue.append(text)

    def _unsure(self, line: list[Token], at: int) -> None:
        """Words after which it is not said for sure which numbers are meant."""
        token = line[at]
        if token.kind == "thousands":  # one number, or several of three digits?
            if self._what in _NUMBERED:
                self._tells = True
                self._clause.doubtful += [token.text.replace(",", ""), *token.text.split(",")]
                self._residue.append(token.text)
            return
        if token.kind == "quantity":
            digits = re.sub(r"[^0-9,]", "", token.text)
            if at and (line[at - 1].text == "(" or (line[at - 1].text == "/" and line[at - 1].ends < token.starts)):
                self._clause.doubtful += digits.split(",") if self._what in _NUMBERED and "," in digits else []
                return  # beside a number: how many of it
            if self._what in _NUMBERED and ("," in digits or len(digits) > 4 or not self._depth):
                self._clause.doubtful += digits.split(",")
                self._residue.append(token.text)
            return
        if token.kind == "not" and self._strict:
            self._unaffected = True
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
        if self._what == "di" and _IDENTIFIER.fullmatch(text):
            self._name(line, at, key, "dis")
        elif self._dated and (day := _eight(text)):
            return self._dates(line, at, day)
        elif self._is_device(line, at, key):
            before = line[at - 1] if at else None
            if _MASKED.search(key):
                key = _masked(key)
            if before is not None and before.kind == "to" and at > 1 and line[at - 2].kind == "number":
                self._name(line, at, f"{number_key(line[at - 2].text)}..{key}", "refs")
            if before is not None and before.kind == "word" and _SIZE.fullmatch(before.text) and self._what == "ref":
                key = number_key(before.text) + key
            self._name(line, at, key, "refs")
        elif self._what in _NUMBERED or self._except:
            return self._list(line, at, text)
        else:
            self._residue.append(text)
        return at + 1

    def _is_device(self, line: list[Token], at: int, key: str) -> bool:
        """Whether a number is that of a device: known as one, after a word that says so, or before "lot"."""
        if key in self._known or self._what == "ref":
            return True
        follows = line[at + 1] if at + 1 < len(line) else None
        if follows is None:
            return False
        if self._what not in _NUMBERED and (_named_again(line, at) or _all_before_numbers(line, at)):
            return True
        if self._numbered is not None:  # after "lot" it is one, even before "serial"
            if follows.kind == self._numbered:
                self._residue.append(line[at].text)
            return False
        if follows.kind in _NUMBERED and at + 2 < len(line) and line[at + 2].text.casefold() in {"of", "from", "for"}:
            return False  # 5X111 lot of FS-200: it is the lot
        return follows.kind in _NUMBERED or (follows.text in {",", ":"} and _numbered_next(line, at + 1))

    def _opens_item(self, line: list[Token], at: int) -> bool:
        """Whether a number in parentheses is that of an item of a list: a device or what a number is follows."""
        if not _marks(line, at) or line[at - 1].text != "(" or at + 2 >= len(line):
            return False
        follows = line[at + 2]
        return follows.kind in _NUMBERED | {"ref", "di"} or number_key(follows.text) in self._known

    def _name(self, line: list[Token], at: int, key: str, among: str) -> None:
        """A device; after numbers it begins a clause of its own, or is what they are of."""
        counted = self._clause.says_which or bool(self._clause.without)
        if counted and _numbered_next(line, at):
            what = self._what
            self._close(line[at].starts)
            self._what, counted = what, False
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
        what: What = self._what if self._what in _NUMBERED else "either"  # type: ignore[assignment]
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
        if "*" in key or "?" in key or _MASKED.search(key):
            self._clause.doubtful.append(_masked(key))
            self._residue.append(text)
            return at + 1
        before = line[at - 1] if at else None
        if before is not None and before.kind == "number" and (self._clause.numbers or self._clause.without):
            self._clause.doubtful.append(number_key(before.text) + key)  # one number with a space in it, or two?
            if min(len(before.text), len(text)) <= 2:
                self._residue.append(text)
        ends = key.split("-")
        if len(ends) == 2 and len(ends[0]) == len(ends[1]) >= 4 and _same_shape(*ends) and ends[0] < ends[1]:
            sure = bool(re.search(r"range|between|from", self._text[self._starts : line[at].starts], re.IGNORECASE))
            # beside numbers that are like its ends it is none itself
            sure |= len(ends[0]) > _LONGEST_ENDING and ends[0][:_LONGEST_ENDING] == ends[1][:_LONGEST_ENDING] and any(
                _shape(each) == _shape(ends[0]) for each in self._clause.numbers[-_MOST_TOGETHER:]
            )  # fmt: skip
            self._range(what, *ends, sure=sure)
            if not sure:
                self._clause.doubtful.append(key)  # it may be a number with a sign in it
        else:
            self._listed(what, key)
            self._shortened(what, key)
        return at + 1

    def _shortened(self, what: What, key: str) -> None:
        """What a number with signs in it may stand for: 21-001/002 for two numbers, 104523-28 for six."""
        first, *others = key.split("/")
        if others:
            self._clause.doubtful += [first, *others, *(first[: -len(other)] + other for other in others)]
        if found := re.fullmatch(r"(.*[0-9])[A-Z]-[A-Z]", first):
            self._clause.doubtful.append(f"{found[1]}?")
        if found := re.fullmatch(r"(.*?)([0-9]{1,18})-([0-9]{1,18})", first):
            begins, head, tail = found.groups()
            last = head[: -len(tail)] + tail
            if int(head) < int(last) and not (len(tail) > len(head) and tail.startswith("0")):
                self._clause.ranges.append(Range(what, begins + head, begins + last, sure=False))

    def _listed(self, what: What, key: str) -> None:
        if self._except:
            self._clause.without.append(key)
        else:
            {"lot": self._clause.lots, "serial": self._clause.serials, "either": self._clause.either}[what].append(key)

    def _affixed(self, line: list[Token], at: int) -> int:
        """Numbers that begin, or end, with what follows."""
        following = line[at + 1] if at + 1 < len(line) else None
        if self._what not in _NUMBERED or self._except or following is None or following.kind not in {"number", "word"}:
            self._residue.append(line[at].text)
            return at + 1
        key = number_key(following.text)
        pattern = f"*{key}" if "end" in line[at].text.lower() else f"{key}*"
        self._range(self._what, pattern, pattern, sure=False)  # type: ignore[arg-type]
        after = line[at + 2] if at + 2 < len(line) else None
        if after is not None and after.kind != "stop" and after.text not in _SIGNS:
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
            if self._what in _NUMBERED:
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
        first, last, following, sure = *day, at + 1, _is_sure(token.text)
        if at + 2 < len(line) and line[at + 1].kind in {"to", "and"} and line[at + 2].kind == "date":
            until = days(line[at + 2].text)
            if until is None or (line[at + 1].kind == "and" and not self._between):
                self._residue.append(line[at + 2].text)
            else:
                last, sure = until[1], sure and _is_sure(line[at + 2].text)
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
            *_NUMBERED,
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

    def _mark_cut(self) -> None:
        """Is the end of the text missing? Then nobody knows what else it names."""
        if not self._done:
            return
        last, end = self._done[-1], self._text.rstrip()
        numbers = [number for clause in self._done for number in clause.numbers]
        shapes = Counter(map(_shape, numbers))
        if re.search(r"(?:[,:&/、：，(（-]|\band|\bto|至|和)$", end) or _opens(end):
            last.residue.append("…")
        elif len(numbers) > 3 and last.numbers and last.ends == len(end):
            usual, times = shapes.most_common(1)[0]
            own = _shape(last.numbers[-1])
            if times >= len(numbers) - 1 and own != usual and usual.startswith(own):
                last.doubtful.append(f"{last.numbers[-1]}*")
                last.residue.append("…")


def _marks(line: list[Token], at: int) -> bool:
    """Whether what stands there is the sign of an item of a list: "b)" or "(1)" where something begins."""
    if not (at + 1 < len(line) and line[at + 1].text == ")" and line[at + 1].starts == line[at].ends):
        return False
    first = at - 1 if at and line[at - 1].text == "(" else at
    return first == 0 or line[first - 1].kind == "stop" or line[first - 1].text in {",", ":"}


def _is_of_ends(line: str) -> bool:
    """Whether a line is the heading of a list of ranges."""
    heading = len(line) <= _LONGEST_HEADING and not re.search("[0-9]|[.。]\\s*$", line)
    return heading and bool(_ENDS.search(line) and _OF_NUMBERS.search(line))


def _number_next(line: list[Token], at: int) -> bool:
    """Whether a number follows, signs between them or not."""
    at += 1
    while at < len(line) and line[at].text in {":", "("}:
        at += 1
    return at < len(line) and line[at].kind == "number"


def _heads_pairs(line: list[Token], at: int) -> bool:
    """Whether a word for a day belongs to the heading of a list: "lot number/expiration date", or both in a line of their own."""
    if at > 1 and line[at - 1].text in {"/", "and"}:
        return line[at - 2].kind in _NUMBERED
    ends = at + 1 < len(line) and line[at + 1].text == "\n"
    return bool(at) and line[at - 1].kind in _NUMBERED and ends


def _named_again(line: list[Token], at: int) -> bool:
    """Whether a number is followed by another name of the same device: PM-3 (REF 860110)."""
    return at + 2 < len(line) and line[at + 1].text == "(" and line[at + 2].kind == "ref"


def _all_before_numbers(line: list[Token], at: int) -> bool:
    """Whether a number is one of several before the numbers of their lots: A-1 and A-2: Lot 55."""
    last = at
    while (
        last + 2 < min(len(line), at + _MOST_TOGETHER)
        and line[last + 1].kind == "and"
        and line[last + 2].kind == "number"
    ):
        last += 2
    after = last + 1
    while after < len(line) and line[after].text in {":", "("}:
        after += 1
    if last == at or after + 1 >= len(line) or line[after].kind not in _NUMBERED:
        return False
    return line[after + 1].kind == "number" or (line[after + 1].text == ":" and line[after + 2 : after + 3] != [])


def days(text: str) -> tuple[date, date] | None:
    """First and last day of a day or month as people write it, of all that 3/1/2026 may be; None for what is none."""
    if found := re.fullmatch(r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})(?:\s*[-/.月]\s*(?:([0-9]{1,2})\s*日?)?)?", text):
        return _span(found[1], found[2], found[3])
    if found := re.fullmatch(r"([0-9]{1,2})/([0-9]{4})", text):
        return _span(found[2], found[1], None)
    if found := re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", text):
        either = [_span(found[3], found[1], found[2]), _span(found[3], found[2], found[1])]
        possible = sorted(day for span in either if span for day in span)
        return (possible[0], possible[-1]) if possible else None
    words = re.findall(r"[A-Za-z]+|[0-9]+", re.sub(r"(?<=[0-9])(?:st|nd|rd|th)\b", "", text))
    month = next((_MONTHS.index(word[:3].lower()) + 1 for word in words if word[:3].lower() in _MONTHS), None)
    year = next((word for word in words if len(word) == 4 and word.isdigit()), None)
    day = next((word for word in words if len(word) <= 2 and word.isdigit()), None)
    return _span(year, str(month), day) if month and year else None


def _is_sure(text: str) -> bool:
    """Whether people agree which day it is: 3/1/2026 is two."""
    found = re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})/[0-9]{4}", text)
    return found is None or found[1] == found[2] or max(int(found[1]), int(found[2])) > 12


def _span(year: str, month: str, day: str | None) -> tuple[date, date] | None:
    try:
        if day:
            return (date(int(year), int(month), int(day)),) * 2
        return date(int(year), int(month), 1), date(int(year), int(month), monthrange(int(year), int(month))[1])
    except ValueError:
        return None


def _eight(text: str) -> tuple[date, date] | None:
    """The day that eight digits are."""
    found = re.fullmatch(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})", text)
    return _span(*found.groups()) if found else None


def _shape(number: str) -> str:
    return re.sub(r"[A-Z]", "A", re.sub(r"[0-9]", "9", number))


def _same_shape(one: str, other: str) -> bool:
    return _shape(one) == _shape(other) and re.sub(r"[0-9]", "", one) == re.sub(r"[0-9]", "", other)


def _masked(number: str) -> str:
    return re.sub(r"X{2,}", lambda found: "?" * len(found[0]), number)


def _numbered_next(line: list[Token], at: int) -> bool:
    """Whether "lot" or "serial" follows, signs between them or not."""
    at += 1
    while at < len(line) and line[at].kind in {"mark", "and"} and line[at].text in {",", ":", "(", "-", "/"}:
        at += 1
    return at < len(line) and line[at].kind in _NUMBERED | {"every"}


def _opens(text: str) -> bool:
    """Whether it ends within parentheses."""
    return text.count("(") > text.count(")")
