"""Decision tables: YAML files under `include/rules/`, each a list of rules."""

import json
import re
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from lotwatch.errors import RuleError
from lotwatch.paths import RULES

Level = Literal["info", "warning", "critical"]
Action = Literal["purchase_order"]


def duration(value: object) -> object:
    """The length of `30m`, `4h` or `2d`; anything else is given back as it is."""
    found = re.fullmatch(r"([1-9][0-9]{0,3})([mhd])", value) if isinstance(value, str) else None
    if found is None:
        return value
    return timedelta(**{{"m": "minutes", "h": "hours", "d": "days"}[found[2]]: int(found[1])})


Duration = Annotated[timedelta, BeforeValidator(duration)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Title(_Table):
    """What the rule is called, in both languages."""

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


class Severity(_Table):
    """A level and when it applies; the first that does counts. The last one may have no condition."""

    level: Level
    when: str | None = None


class Duty(_Table):
    """What the law asks when a rule fires: of whom, from when, within how long, and where that is written."""

    jurisdiction: Literal["cn", "us", "eu"]
    role: Literal["maker", "importer", "distributor", "user"]
    within: str = Field(min_length=1, description="calendar or working days, as the source puts it")
    clock_start: str = Field(min_length=1)
    recipient: Title
    source: str = Field(min_length=1)


class Rule(_Table):
    """One line of a decision table.

    `when` is an expression over the columns of the subject's fact view (`docs/reference/facts.md`). A null matches
    neither `x < 7` nor `x >= 7`: for every column in it that can be null, `missing` says whether its absence is
    itself worth an alert or the rule stays silent. `clear_when`: what must be so before an alert ends (against
    flapping); without it, that `when` is no more so. `mode`: shadow records nothing, alert only tells, act also proposes.
    `group_by`: columns of the subject by which many alerts of one evaluation are told as one. `advice`: what to do.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{2,59}$")
    title: Title
    subject: str = Field(pattern=r"^[a-z][a-z_]{1,40}$", description="a fact view without its `fact_`")
    when: str = Field(min_length=1, max_length=1000)
    clear_when: str | None = Field(default=None, min_length=1, max_length=1000)
    missing: dict[str, Literal["alert", "ignore"]] = {}
    severity: tuple[Severity, ...] = Field(min_length=1)
    actions: tuple[Action, ...] = ()
    notify: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    escalate_after: Duration | None = None
    escalate_to: tuple[str, ...] = ()
    advice: Title | None = None
    duty: Duty | None = None
    valid_from: date | None = None
    valid_through: date | None = None
    mode: Literal["shadow", "alert", "act"] = "alert"

    @model_validator(mode="after")
    def _last_severity_always_applies(self) -> "Rule":
        if self.severity[-1].when is not None:
            raise ValueError("the last severity must have no `when`: every alert needs a level")
        return self

    @property
    def version(self) -> str:
        """Changes whenever the rule's text does."""
        return sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()[:12]


def load_rules(folder: Path = RULES) -> list[Rule]:
    """All rules of the decision tables in `folder`. Raises RuleError naming the file and the rule."""
    rules: list[Rule] = []
    where: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.yaml")):
        for number, entry in enumerate(_entries(path), start=1):
            rule = _rule(path, number, entry)
            if rule.id in where:
                raise RuleError(f"Two rules are called {rule.id}", where=f"{where[rule.id]} and {path}")
            where[rule.id] = path
            rules.append(rule)
    return rules


def titles(lang: Literal["en", "zh"]) -> dict[str, str]:
    """What each rule is called in a language, by its id."""
    return {rule.id: getattr(rule.title, lang) for rule in load_rules()}


def _entries(path: Path) -> list[Any]:
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise RuleError(f"Not valid YAML: {error}", where=str(path)) from error
    if not isinstance(entries, list):
        raise RuleError("A decision table is a list of rules", where=str(path), do="begin each rule with '- id:'")
    return entries


def _rule(path: Path, number: int, entry: Any) -> Rule:
    name = entry.get("id", f"rule {number}") if isinstance(entry, dict) else f"rule {number}"
    try:
        return Rule.model_validate(entry)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'rule'}: {e['msg']}" for e in error.errors())
        raise RuleError(wrong, where=f"{path}, {name}") from error
