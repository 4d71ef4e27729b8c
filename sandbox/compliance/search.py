"""openFDA's search syntax, as much of it as its documentation has: field:word, field:"phrase", field:[from TO to], several
of them (any), AND (all), brackets."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Test = Callable[[Mapping[str, Any]], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<and>AND\b)|(?P<or>OR\b)"
    r"|(?P<field>[\w.]+):(?:\[(?P<low>\S+) TO (?P<high>[^\]]+)\]|\"(?P<phrase>[^\"]*)\"|(?P<word>[^\s()]+)))"
)


def read(search: str) -> Test:
    """What a search asks of a record. Raises ValueError for one that cannot be read."""
    tokens = list(_tokens(search))
    if not tokens:
        return lambda record: True
    test, rest = _all(tokens)
    if rest:
        raise ValueError("a bracket too many")
    return test


def _tokens(search: str) -> Iterator[re.Match[str]]:
    at = 0
    while search[at:].strip():
        found = _TOKEN.match(search, at)
        if found is None:
            raise ValueError(f"cannot read {search[at : at + 40]!r}")
        at = found.end()
        yield found


def _all(tokens: list[re.Match[str]]) -> tuple[Test, list[re.Match[str]]]:
    tests: list[Test] = []
    while True:
        test, tokens = _any(tokens)
        tests.append(test)
        if not tokens or not tokens[0]["and"]:
            return (lambda record: all(each(record) for each in tests)), tokens
        tokens = tokens[1:]


def _any(tokens: list[re.Match[str]]) -> tuple[Test, list[re.Match[str]]]:
    tests: list[Test] = []
    while tokens and not tokens[0]["close"] and not tokens[0]["and"]:
        if tokens[0]["or"]:
            tokens = tokens[1:]
        elif tokens[0]["open"]:
            test, tokens = _all(tokens[1:])
            if not tokens or not tokens[0]["close"]:
                raise ValueError("a bracket is not closed")
            tests.append(test)
            tokens = tokens[1:]
        else:
            tests.append(_term(tokens[0]))
            tokens = tokens[1:]
    if not tests:
        raise ValueError("an empty clause")
    return (lambda record: any(each(record) for each in tests)), tokens


def _term(token: re.Match[str]) -> Test:
    name = token["field"].removesuffix(".exact")
    if token["low"]:
        low, high = _plain(token["low"]), _plain(token["high"])
        return lambda record: any(low <= _plain(value) <= high for value in _values(record, name))
    wanted = token["phrase"] if token["phrase"] is not None else token["word"]
    if token["field"].endswith(".exact"):
        return lambda record: wanted in _values(record, name)
    pattern = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)", re.IGNORECASE)
    return lambda record: any(pattern.search(value) for value in _values(record, name))


def _values(record: Mapping[str, Any], name: str) -> list[str]:
    values: list[Any] = [record]
    for part in name.split("."):
        found = [value.get(part) for value in values if isinstance(value, Mapping)]
        values = [each for value in found for each in (value if isinstance(value, list) else [value])]
    return [str(each) for each in values if each not in {None, ""}]


def _plain(text: str) -> str:
    return text.replace("-", "").strip()
