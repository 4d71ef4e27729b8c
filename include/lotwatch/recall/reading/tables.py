"""Reads tables that came as text: a heading that says what each column is, and rows of as many cells."""

import re
from collections.abc import Callable

from lotwatch.recall.reading.model import Clause
from lotwatch.recall.reading.numbers import number_key
from lotwatch.recall.reading.words import OTHERWISE

_RANGED = r"(?:lot|batch|serial)(?: (?:number|no\.?|#))?"
#: what a column is by its heading; None: what says nothing about which lots are meant
_COLUMNS: tuple[tuple[str | None, str], ...] = (
    ("first", rf"(?:from|first|start(?:ing)?|begin(?:ning)?) {_RANGED}|起始(?:批号|序列号)"),
    ("last", rf"(?:to|through|last|end(?:ing)?) {_RANGED}|(?:截止|终止|结束)(?:批号|序列号)"),
    ("di", r"(?:primary )?(?:udi|udi-di|gtin|device identifier|器械标识|产品标识)(?: (?:number|code|no\.?|#))?"),
    ("serial", r"(?:affected )?(?:serial|s/n|sn)(?: (?:number|no\.?|nr\.?|#))?s?|序列号"),
    ("lot", r"(?:affected )?(?:lot|batch)(?: ?/ ?batch)?(?: (?:number|no\.?|nr\.?|code|#))?(?:s|\(s\))?|(?:生产|产品)?(?:批号|批次)"),
    (
        "ref",
        (r"(?:ref(?:erence)?|cat(?:alog(?:ue)?|\.)?|model|item|part|article|product(?= ))(?: (?:number|no\.?|nr\.?|code|#))?s?"
        r"|型号(?:[、/及]?规格)?|规格(?:[、/及]?型号)?|货号|产品编号"),
    ),
    (
        None,
        (r"(?:product|item|device)? ?(?:description|name)|product|device|size|brand|expir(?:y|ation)(?: date)?|exp\.?(?: date)?|use[ -]by(?: date)?"
        r"|(?:manufactur(?:e|ing)|mfg\.?|production) date|(?:qty\.?|quantity)(?: (?:shipped|sold|received|delivered))?|(?:ship(?:ped|ping|ment)?|invoice|delivery|order) date|units?|产品名称|名称|数量|有效期至?|失效日期|生产日期|序号|单位|no\.?|#"),
    ),
)  # fmt: skip
_HEADINGS = tuple((kind, re.compile(written, re.IGNORECASE)) for kind, written in _COLUMNS)
_BETWEEN_ROWS = re.compile(r"[\s|:+=-]+")
#: more rows than anybody could look through are read as any text is
_MOST_ROWS = 5_001
_OF_LOTS = re.compile(r"\b(?:lots?|batch(?:es)?|serials?|sn)\b|批|序列", re.IGNORECASE)
#: between columns that are aligned
_BLANKS = "  "
_SIGNS = ("|", "\t", "/", _BLANKS)
#: columns that are a range together
_ENDS = frozenset({"first", "last"})
_ALL = frozenset({"all", "全部", "所有"})


def tables(field: str, text: str, read: Callable[[str], list[Clause]]) -> tuple[list[Clause], str]:
    """A clause for each row of a text's tables, and the text with blanks in their place. `read` reads what a cell says."""
    lines = list(re.finditer(r"[^\n]+", text))
    clauses: list[Clause] = []
    rest: list[str] = []
    read_to = at = 0
    while at < len(lines) and len(clauses) < _MOST_ROWS:
        heading, sign = lines[at], ""
        columns: list[str | None] | None = None
        for sign in _SIGNS:
            if columns := _columns(_cells(heading[0], sign)):
                break
        at += 1
        if not columns and at < len(lines):
            columns, sign = _unknown_columns(heading[0], lines[at][0])
        if not columns:
            continue
        between = "\t" if sign == "/" else sign
        above = lines[at - 2][0] if at > 1 else ""
        before, device = len(clauses), Clause(field, 0, 0, "")
        while at < len(lines) and len(clauses) < _MOST_ROWS:
            line = lines[at]
            cells = _cells(line[0], between)
            if not _BETWEEN_ROWS.fullmatch(line[0]):
                if len(cells) != len(columns) or not (
                    re.search("[0-9]", line[0]) or _ALL & {*map(str.casefold, cells)}
                ):
                    break  # the end of it, or another heading
                if sign == _BLANKS and not all(map(_is_number, cells, columns)):
                    break
                clauses += _row(line, columns, cells, device, read)
            at += 1
        if before == len(clauses):
            continue
        if OTHERWISE.search(above):
            for clause in clauses[before:]:
                clause.residue.append(above.strip())
        ends = lines[at - 1].end()
        if at < len(lines) and lines[at].start() == ends + 1 and re.search("[0-9]", lines[at][0]):
            clauses[-1].residue.append("…")  # does the row go on in another line?
        elif _rows_are_left(lines, at, between):
            clauses[-1].residue.append("…")  # rows that were not read as such?
        rest += text[read_to : heading.start()], re.sub(r"[^\n]", " ", text[heading.start() : ends])
        read_to = ends
    return clauses, "".join((*rest, text[read_to:]))


def _cells(line: str, sign: str) -> list[str]:
    if sign == _BLANKS:
        return re.split(r" {2,}|\t+", line.strip())
    line = line.strip().strip("|") if sign == "|" else line.strip("\r")
    return [cell.strip() for cell in line.split(sign)]


def _rows_are_left(lines: list[re.Match[str]], at: int, sign: str) -> bool:
    """Whether behind a table, before another begins, stands what looks like a row of it."""
    for line in lines[at:]:
        if any(_columns(_cells(line[0], each)) for each in _SIGNS):
            return False
        if len(_cells(line[0], sign)) > 1 and re.search("[0-9]", line[0]):
            return True
    return False


def _is_number(cell: str, column: str | None) -> bool:
    """Whether a cell may be what its column says."""
    return column is None or bool(re.search("[0-9]", cell)) or cell.casefold() in _ALL


def _columns(cells: list[str]) -> list[str | None] | None:
    """What the columns under a heading are; None: it is no heading of a table that says which device and which lots."""
    kinds: list[str | None] = []
    for cell in cells:
        known = [kind for kind, written in _HEADINGS if written.fullmatch(cell)]
        if not known:
            return None
        kinds.append(known[0])
    return kinds if {"ref", "di"} & {*kinds} and {"lot", "serial", "first"} & {*kinds} else None


def _unknown_columns(heading: str, row: str) -> tuple[list[str | None] | None, str]:
    """The columns of a table of lots one of which says what nobody knows here, and what is between them: "odd", all of them."""
    for sign in ("|", "\t", _BLANKS):
        cells = _cells(heading, sign)
        if (
            not any(cell.endswith((".", ":", ",", ";")) for cell in cells)
            and len(cells) == len(_cells(row, sign)) > 1
            and _OF_LOTS.search(heading)
            and not re.search("[0-9]", heading)
            and not all(any(written.fullmatch(cell) for _, written in _HEADINGS) for cell in cells)
        ):
            return ["odd"] * len(cells), sign
    return None, ""


def _row(
    line: re.Match[str],
    columns: list[str | None],
    cells: list[str],
    device: Clause,
    read: Callable[[str], list[Clause]],
) -> list[Clause]:
    """What a row says; `device` is that of the rows before, and of those after."""
    if "odd" in columns:
        numbers = [number_key(cell) for cell in cells if re.search("[0-9]", cell)]
        text = line[0].strip()
        return [Clause(device.field, line.start(), line.end(), text, either=numbers, residue=["…"])]
    named: dict[str, list[str]] = {"di": [], "ref": []}
    clauses: list[Clause] = []
    ends = [cell for kind, cell in zip(columns, cells, strict=True) if kind in _ENDS and re.search("[0-9]", cell)]
    if ends:
        clauses += read(f"lot/serial {' to '.join(ends)}")
        for clause in clauses if len(ends) == 1 else ():
            clause.residue.append("…")
    for kind, cell in zip(columns, cells, strict=True):
        if kind in _ENDS:
            continue
        if kind in named:
            named[kind] += [number_key(each) for each in re.split("[,;、]", cell) if each.strip()]
        elif kind and cell and not _BETWEEN_ROWS.fullmatch(cell):
            clauses += read(f"all {kind}s" if cell.casefold() in _ALL else f"{kind} {cell}")
    if any(named.values()):
        device.dis, device.refs = named["di"], named["ref"]
    clauses = clauses or [Clause(device.field, 0, 0, "", residue=["…"])] * any(named.values())
    for clause in clauses:
        clause.starts, clause.ends, clause.text = line.start(), line.end(), line[0].strip()
        clause.dis, clause.refs = list(device.dis), list(device.refs)
        if not (clause.dis or clause.refs):
            clause.residue.append("…")
    return clauses
