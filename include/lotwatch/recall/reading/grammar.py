"""Reads clauses out of a text: which devices, which lots and serials, and what was not understood.

Cautious: a passage that lists numbers or narrows them is only clear when every word of it is known here.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise

from lotwatch.recall.reading.ahead import NUMBERED
from lotwatch.recall.reading.clauses import Clauses
from lotwatch.recall.reading.model import Clause, Range
from lotwatch.recall.reading.numbers import DEVICES_ALONE, number_key, ranges_alone, shape
from lotwatch.recall.reading.tokens import tokens
from lotwatch.recall.reading.words import OTHERWISE, TRIGGER, heads_ranges

#: of a text
_MOST_TOKENS = 100_000
#: of a number, what may stand alone in the next line
_LONGEST_REST = 3


class Grammar:
    """Reads one text. `known` are the keys of devices that the notice names: they are never lots. A `strict` text says
    which lots are meant and nothing else; in prose, sentences that have nothing to do with it are passed over.
    """

    def __init__(self, field: str, text: str, *, known: frozenset[str], strict: bool) -> None:
        self._field, self._text, self._strict = field, text, strict
        self._clauses = Clauses(field, text, known=known, strict=strict)

    def go_on(self, before: "Grammar") -> list[Clause]:
        """The clauses of a text with which another, which was read, goes on, perhaps within a number."""
        self._clauses.go_on(before._clauses)
        self.read()
        for clause in before._clauses.done if self._clauses.unaffected else ():
            clause.residue.append("not affected")
        self._mend(before)
        return self._clauses.done

    def _mend(self, before: "Grammar") -> None:
        """Where the two meet within a word it may be one number or two; where it is none at all, nobody knows what it is."""
        ends, begins = re.search(r"[^\W_]+$", before._text), re.match(r"[^\W_]+", self._text)
        if not (ends and begins and before._clauses.done and self._clauses.done):
            return
        last, first = before._clauses.done[-1], self._clauses.done[0]
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
            self._clauses.read(line, ends)
            if read == _MOST_TOKENS:  # nobody knows what the rest says of the numbers before it
                self._clauses.done.append(Clause(self._field, ends, ends, ""))
                for clause in self._clauses.done:
                    clause.residue.append("…")
                break
        self._mend_lines()
        if self._strict and not (goes_on and re.search(r"[,;、，；]$", self._text.rstrip())):
            self._mark_cut()
        self.mark_unaffected(self._clauses.done)
        return self._clauses.done

    def _mend_lines(self) -> None:
        """Where a line ends in a number and the next begins with a shorter piece of one, it may be the rest of it."""
        for last, first in pairwise(self._clauses.done):
            between = self._text[last.ends : first.starts]
            if last.numbers and first.numbers and "\n" in between and not between.strip():
                head, tail = last.numbers[-1], first.numbers[0]
                ends = number_key(self._text[last.starts : last.ends]).endswith(head)
                begins = number_key(self._text[first.starts : first.ends]).startswith(tail)
                if ends and begins and len(tail) < len(head) and shape(tail) != shape(head):
                    first.doubtful.append(head + tail)
                    if tail.isdigit() and len(tail) <= _LONGEST_REST:
                        last.residue.append("…")
                        first.residue.append("…")

    def mark_unaffected(self, clauses: Iterable[Clause]) -> None:
        """Where the text that was read names what is not affected too, nobody knows which of its numbers those are."""
        if self._clauses.unaffected:
            for clause in clauses:
                clause.residue.append("not affected")

    def _passages(self) -> Iterator[tuple[int, int]]:
        """What is read: all of a strict text; of prose, lines about lots or devices, and the numbers that follow them."""
        if self._strict:
            yield 0, len(self._text)
            return
        for line in re.finditer(r"[^\n]+", self._text):
            if line[0].rstrip().endswith(":"):
                self._clauses.above = line[0].strip() if OTHERWISE.search(line[0]) else None
            elif heads_ranges(line[0]):
                self._clauses.above = line[0].strip()
            goes_on = self._clauses.what in NUMBERED and re.match(r"\s*[A-Za-z*-]{0,8}[0-9]", line[0])
            if goes_on or (self._clauses.awaits and DEVICES_ALONE.fullmatch(line[0])) or TRIGGER.search(line[0]):
                yield line.start(), line.end()
            elif line[0].strip():
                self._clauses.what = None
                self._stray(line)

    def _stray(self, line: re.Match[str]) -> None:
        """A line of ranges alone, as behind the end of a page, may go on with those before."""
        ranges = [Range("either", *ends, sure=False) for ends in ranges_alone(line[0])]
        if ranges and any(clause.numbers or clause.ranges for clause in self._clauses.done):
            text = line[0].strip()
            self._clauses.done.append(Clause(self._field, line.start(), line.end(), text, ranges=ranges))

    def _mark_cut(self) -> None:
        """Is the end of the text missing? Then nobody knows what else it names."""
        if not self._clauses.done:
            return
        last, end = self._clauses.done[-1], self._text.rstrip()
        numbers = [number for clause in self._clauses.done for number in clause.numbers]
        shapes = Counter(map(shape, numbers))
        if re.search(r"(?:[,:&/、：，(（-]|\band|\bto|至|和)$", end) or end.count("(") > end.count(")"):
            last.residue.append("…")
        elif len(numbers) > 3 and last.numbers and last.ends == len(end):
            usual, times = shapes.most_common(1)[0]
            own = shape(last.numbers[-1])
            if times >= len(numbers) - 1 and own != usual and usual.startswith(own):
                last.doubtful.append(f"{last.numbers[-1]}*")
                last.residue.append("…")
