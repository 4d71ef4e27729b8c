"""What the systems' own languages of conditions mean: OData's $filter, Kingdee's FilterString, Yonyou's simpleVOs."""

import re
from collections.abc import Callable, Mapping
from typing import Any

Row = Mapping[str, Any]
Holds = Callable[[Row], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<literal>(?:datetimeoffset|datetime)?'(?:[^']|'')*')|(?P<word>[^\s()']+))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "ge": lambda a, b: a >= b, "gt": lambda a, b: a > b,
    "le": lambda a, b: a <= b, "lt": lambda a, b: a < b,
}  # fmt: skip
_KINGDEE = {"=": "eq", "<>": "ne", ">=": "ge", ">": "gt", "<=": "le", "<": "lt"}
_YONYOU = {"eq": "eq", "neq": "ne", "egt": "ge", "gt": "gt", "elt": "le", "lt": "lt"}


class BadFilterError(ValueError):
    """A condition that the system would refuse."""


def value_at(row: Row, path: str) -> Any:
    """A column of a row, or of what it leads to."""
    if path in row:
        return row[path]
    found: Any = row
    for step in path.split("/"):
        if isinstance(found, Mapping) and "results" in found:
            found = found["results"][0]
        if not isinstance(found, Mapping) or step not in found:
            raise BadFilterError(f"there is no property {path}")
        found = found[step]
    return found


def odata(text: str) -> Holds:
    """A $filter of comparisons, and, or, and parentheses."""
    tokens = [match.group(match.lastgroup or 0) for match in _TOKEN.finditer(text)]
    position = 0

    def take() -> str:
        nonlocal position
        if position >= len(tokens):
            raise BadFilterError(f"{text} ends too early")
        position += 1
        return tokens[position - 1]

    def any_of() -> Holds:
        parts = [all_of()]
        while position < len(tokens) and tokens[position] == "or":
            take()
            parts.append(all_of())
        return lambda row: any(part(row) for part in parts)

    def all_of() -> Holds:
        parts = [one()]
        while position < len(tokens) and tokens[position] == "and":
            take()
            parts.append(one())
        return lambda row: all(part(row) for part in parts)

    def one() -> Holds:
        word = take()
        if word == "(":
            inner = any_of()
            if take() != ")":
                raise BadFilterError(f"{text} has no closing parenthesis")
            return inner
        operator, literal = take(), _literal(take())
        if operator not in _COMPARE:
            raise BadFilterError(f"{operator} is no operator")
        return lambda row: _COMPARE[operator](_comparable(value_at(row, word)), literal)

    found = any_of()
    if position != len(tokens):
        raise BadFilterError(f"{text} goes on after its end")
    return found


def _literal(text: str) -> Any:
    if match := re.fullmatch(r"(?:datetimeoffset|datetime)?'(.*)'", text):
        return _comparable(match[1].replace("''", "'"))
    return _comparable({"true": True, "false": False}.get(text, text))


def _comparable(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value)
    text = str(value)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        text += "T00:00:00"
    return text.removesuffix("Z") if re.match(r"\d{4}-\d\d-\d\d", text) else text


def kingdee(text: str) -> Holds:
    """Comparisons with quoted values or numbers, joined by and."""
    parts = []
    for each in filter(None, re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE)):
        match = re.fullmatch(r"([\w.]+)\s*(<>|>=|<=|=|>|<)\s*(?:'([^']*)'|(-?\d+))", each.strip())
        if match is None:
            raise BadFilterError(f"{each} is no condition")
        name, operator = match[1], _COMPARE[_KINGDEE[match[2]]]
        wanted: Any = match[3] if match[4] is None else float(match[4])
        parts.append((name, operator, wanted))
    return lambda row: all(
        operator(float(row[name]) if isinstance(wanted, float) else str(row.get(name)), wanted)
        for name, operator, wanted in parts
    )


def yonyou(conditions: list[dict[str, str]]) -> Holds:
    """Conditions that must all hold."""
    return lambda row: all(
        _COMPARE[_YONYOU[each["op"]]](str(row.get(each["field"], "")), each["value1"]) for each in conditions
    )
