"""Reads a notice, field by field."""

import re
from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Any

from lotwatch.recall.reading.grammar import Grammar
from lotwatch.recall.reading.model import Clause
from lotwatch.recall.reading.numbers import near_key, number_key
from lotwatch.recall.reading.tables import tables
from lotwatch.recall.reading.tokens import half_width
from lotwatch.recall.reading.words import USED_WITH

#: edition of the grammar, kept with what it read
EDITION = 3
#: texts that name devices among other words; those that say which lots are meant, in the order in which they go on
_PROSE = ("title", "product_description", "reason", "action", "body")
STRICT = ("code_info", "more_code_info")
FIELDS = (*_PROSE, *STRICT)
_MOST_CLAUSES = 5_000
_STANDING = re.compile(r"[0-9A-Z](?:[0-9A-Z./_-]*[0-9A-Z])?")
_TELEPHONE = re.compile(
    r"(?:\b(?:tel(?:ephone)?|phone|fax|hotline)|电话|传真|热线)\.?\s*(?:no\.?|number|at)?\s*[:：]?[ ]*[+(]?[0-9][0-9 ()/-]{4,24}",
    re.IGNORECASE,
)
#: a run of letters and digits; what may stand between those of one number; how many of them are one at most
_RUN, _JOINT, _MOST_RUNS = re.compile(r"[0-9A-Z]+"), re.compile(r"[ \t\u00ad/._(#-]{0,2}"), 4
#: a label as a scanner reads it, without brackets
_SCANNED = re.compile(r"(?:D2|C1)?01([0-9]{14})")
_MOST_SPOKEN = 100_000


def read(notice: Mapping[str, Any]) -> list[Clause]:
    """The clauses of a notice's version, given by the columns of notice_version.

    The first, of the field `udi_dis`, has the devices that the notice names in fields of its own. More than a person could
    look through are not told apart: the last one is unclear then.
    """
    stated = Clause(
        "udi_dis",
        0,
        0,
        " ".join([*notice["udi_dis"], *notice["catalogue_numbers"]])[:2_000],
        dis=list(notice["udi_dis"]),
        refs=[number_key(each) for each in notice["catalogue_numbers"]],
    )
    clauses = [stated] if stated.dis or stated.refs else []
    known = frozenset(stated.refs)
    before: Grammar | None = None
    for field in FIELDS:
        text = notice[field]
        if text:
            rows, plain = tables(field, half_width(text), partial(_cell, field))
            grammar = Grammar(field, plain, known=known, strict=field in STRICT)
            goes_on = field == "code_info" and bool(notice["more_code_info"])
            clauses += rows
            clauses += grammar.go_on(before) if before is not None else grammar.read(goes_on=goes_on)
            grammar.mark_unaffected(rows)
            if rows and goes_on:
                rows[-1].residue.append("…")
            before = grammar if field == "code_info" else None
            known |= {
                ref for clause in clauses if clause.field in {"title", "product_description"} for ref in clause.refs
            }
    if any(not file.get("read", True) for file in notice["attachments"]):
        clauses.append(Clause("attachments", 0, 0, "", residue=["attachment that was not read"]))
    if len(clauses) > _MOST_CLAUSES:
        rest = clauses[_MOST_CLAUSES]
        clauses[_MOST_CLAUSES:] = [Clause(rest.field, rest.starts, rest.starts, "", residue=["…"])]
    return clauses


def _cell(field: str, words: str) -> list[Clause]:
    return Grammar(field, words, known=frozenset(), strict=True).read()


def lot_list(text: str) -> list[str]:
    """The lots that a field lists which lists lots; none where any of it was not understood, or may be something else."""
    clauses = Grammar("code_info", half_width(f"Lots: {text}"), known=frozenset(), strict=True).read()
    found = list(dict.fromkeys(lot for clause in clauses for lot in clause.lots))
    return found if all(clause.clear and clause.reading().keys() == {"lots"} for clause in clauses) else []


def standing(notice: Mapping[str, Any]) -> set[str]:
    """Everything in a version's texts that could be a number of a lot, as it is compared; no telephone numbers."""
    found: set[str] = set()
    for field in FIELDS:
        if notice[field]:
            for word in _STANDING.findall(_TELEPHONE.sub(" ", half_width(notice[field])).upper()):
                found.update((word, *word.split("/")))
    return found


def spoken(notice: Mapping[str, Any]) -> set[str]:
    """What in a version's texts could be the number of a device, however it is written there, as `near_key` has it: `122 499`
    is `122499`. Without what its devices are only used with."""
    found: set[str] = set()
    for field in FIELDS:
        text = USED_WITH.sub("", half_width(notice[field] or "")).upper()
        before: list[re.Match[str]] = []
        for run in islice(_RUN.finditer(text), _MOST_SPOKEN):
            if before and not _JOINT.fullmatch(text, before[-1].end(), run.start()):
                before = []
            before = [*before[1 - _MOST_RUNS :], run]
            parts = [each[0] for each in before]
            found.update(near_key("".join(parts[first:])) for first in range(len(parts)))
            if scanned := _SCANNED.match(run[0]):
                found.add(near_key(scanned[1]))
    return found


def prose(notice: Mapping[str, Any]) -> str:
    """The beginning of a version's texts, in which names are looked for."""
    return " ".join(notice[field][:_MOST_SPOKEN] for field in FIELDS if notice[field])
