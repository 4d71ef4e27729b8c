"""Errors that are told to people: what is wrong, where, and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches

#: names told to whoever gave one that is like none of them
_MOST_NAMED = 30


class LotwatchError(Exception):
    """A failure the operator can act on.

    `what` says what happened, `where` names the system, file, record or field, `do` says what to do next. `told`: whoever
    must know has a message about it already.
    """

    told = False

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        self.what, self.where, self.do = what, where, do
        parts = [what]
        if where:
            parts.append(f"Where: {where}")
        if do:
            parts.append(f"What to do: {do}")
        super().__init__(" ".join(part if part.endswith((".", "!", "?", "。")) else f"{part}." for part in parts))


class SourceError(LotwatchError):
    """Another system cannot be read or written. `retry` says whether trying again later can help."""

    def __init__(self, what: str, *, where: str = "", do: str = "", retry: bool = False) -> None:
        super().__init__(what, where=where, do=do)
        self.retry = retry


class GateError(LotwatchError):
    """The gate cannot judge (a broken check), or will not let a batch on."""


class UdiError(LotwatchError):
    """A text is not a UDI, or not one that can be read without guessing."""


class RuleError(LotwatchError):
    """A decision table cannot be used as written."""


def nearest(name: str, known: Iterable[str]) -> str:
    """What to do about an unknown name: the known one that looks most like it, or those there are, the first of very many."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {near[0]}?"
    more = f" (the first of {len(names)})" if len(names) > _MOST_NAMED else ""
    return f"use one of {', '.join(names[:_MOST_NAMED])}{more}"
