"""Errors that are told to people: what is wrong, where, and what to do."""


class LotwatchError(Exception):
    """A failure the operator can act on.

    `what` says what happened, `where` names the system, file, record or field, `do` says what to do next.
    """

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


class RuleError(LotwatchError):
    """A decision table cannot be used as written."""
