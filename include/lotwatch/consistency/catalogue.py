"""The checks across systems: a pair of files for each, `checks/<check>.yaml` with its words and `checks/<check>.sql`.

The SQL is one SELECT that answers a row for each finding, and one row without a subject where there is none:

    examined     how many subjects were looked at, the same in every row
    subject_key  the finding's identity within its check, for ever the same for the same problem; null: nothing was found
    item_id, site_id   what it concerns, where there is one (a finding with a site is shown to who sees that site)
    quantity     the difference in base units, signed; null: it has none
    value        the same in money
    evidence     jsonb with the values of `columns`, by name

It may bind `as_of` (timestamptz), `sources` (jsonb: [{"source", "seconds"}], what should be read and how often) and the
check's own `parameters`. A check over `lotwatch.stock` can be asked of a past day: it says `past: true`.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from lotwatch.config import Strict, Words
from lotwatch.errors import LotwatchError, nearest

PACKAGE = "lotwatch.consistency.checks"
Severity = Literal["critical", "warning", "info"]


class Check(Strict):
    """One check: what it is called, what to do about its findings, and what their evidence is called, in order."""

    id: str
    title: Words
    do: Words
    severity: Severity
    past: bool = False
    parameters: Mapping[str, int] = {}
    columns: Mapping[str, Words]


@cache
def load_checks() -> Mapping[str, Check]:
    """All checks by id, in the order of their names. Raises LotwatchError that names the file."""
    folder = files(PACKAGE)
    names = {path.name for path in folder.iterdir()}
    found: dict[str, Check] = {}
    for name in sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")):
        where = f"{name}.yaml"
        if f"{name}.sql" not in names:
            raise LotwatchError("A check has words and no SQL", where=where, do=f"write {name}.sql beside it")
        try:
            content: dict[str, Any] = yaml.safe_load(folder.joinpath(where).read_text(encoding="utf-8"))
            found[name] = Check(id=name, **content)
        except (yaml.YAMLError, ValidationError, TypeError) as error:
            raise LotwatchError(f"A check cannot be used: {error}", where=where, do="correct the file") from error
    return found


def choose(names: Sequence[str] = ()) -> list[Check]:
    """The named checks; all of them where none is named. Raises LotwatchError for a name that is no check."""
    checks = load_checks()
    for name in names:
        if name not in checks:
            raise LotwatchError(f'"{name}" is no check', where="consistency", do=nearest(name, checks))
    return [checks[name] for name in names] or list(checks.values())
