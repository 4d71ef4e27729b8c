"""Decision tables: YAML files under `include/rules/`, each a list of rules."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from lotwatch.config import Duration, Strict, Words
from lotwatch.errors import RuleError, nearest
from lotwatch.paths import RULES
from lotwatch.rules.document import Document, Path_
from lotwatch.rules.expression import Where

Level = Literal["info", "warning", "critical"]
Action = Literal[
    "purchase_order", "order_change", "transfer", "priority", "hold", "disposition", "check", "work_order", "exception"
]  # fmt: skip
Mode = Literal["shadow", "alert", "act"]
Answer = Literal["alert", "ignore"]
Text = Annotated[str, Field(min_length=1)]
Condition = Annotated[str, Field(min_length=1, max_length=1000)]


class Severity(Strict):
    """A level and when it applies; the first that does counts. The last one may have no condition."""

    level: Level
    when: Condition | None = None


class Duty(Strict):
    """What the law asks when a rule fires: of whom, from when, within how long, and where that is written."""

    jurisdiction: Literal["cn", "us", "eu"]
    role: Literal["maker", "importer", "distributor", "user"]
    within: Words | Text = Field(description="calendar or working days, as the source puts it")
    clock_start: Words | Text
    recipient: Words
    source: Text
    checked: date | None = Field(default=None, description="when somebody last held it against its source")

    def told(self, lang: Literal["en", "zh"]) -> dict[str, str]:
        """Recipient, within and clock_start in a language; rules of earlier days were written in one."""
        parts = {"recipient": self.recipient, "within": self.within, "clock_start": self.clock_start}
        return {name: part if isinstance(part, str) else str(getattr(part, lang)) for name, part in parts.items()}


class Scope(Strict):
    """For what an override counts: a subject that has one of the codes named, in each kind that is named."""

    region: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    criticality: tuple[str, ...] = ()
    supplier: tuple[str, ...] = ()
    site: tuple[str, ...] = ()
    item: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_something(self) -> "Scope":
        if not self.model_fields_set or not all(self.codes().values()):
            raise ValueError("name at least one code for each kind")
        return self

    def codes(self) -> dict[str, tuple[str, ...]]:
        """The codes of each kind that was named."""
        return {kind: getattr(self, kind) for kind in type(self).model_fields if kind in self.model_fields_set}


def _ends_without_condition(severity: tuple[Severity, ...]) -> tuple[Severity, ...]:
    if severity[-1].when is not None:
        raise ValueError("the last severity must have no `when`: every alert needs a level")
    return severity


Severities = Annotated[tuple[Severity, ...], Field(min_length=1), AfterValidator(_ends_without_condition)]


class Override(Strict):
    """What is otherwise for some subjects. What it does not say is as in the rule; its `missing` adds to the rule's."""

    scope: Scope = Field(alias="for")
    when: Condition | None = None
    clear_when: Condition | None = None
    missing: dict[str, Answer] = Field(default={})
    severity: Severities | None = None
    actions: tuple[Action, ...] | None = None
    notify: tuple[str, ...] | None = None
    escalate_after: Duration | None = None
    mode: Mode | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "Override":
        if not self.said:
            raise ValueError("an override changes something")
        empty = [name for name in self.said - {"clear_when", "escalate_after"} if getattr(self, name) is None]
        if empty:
            raise ValueError(f"{empty[0]} cannot be nothing: only clear_when and escalate_after can be taken back")
        return self

    @property
    def said(self) -> set[str]:
        """The fields of the rule that it changes."""
        return self.model_fields_set - {"scope"}


class Rule(Strict):
    """One line of a decision table.

    `when` is an expression over the columns of the subject's fact view (`docs/reference/facts.md`). A null matches
    neither `x < 7` nor `x >= 7`: for every column in it that can be null, `missing` says whether its absence is
    itself worth an alert or the rule stays silent. `clear_when`: what must be so before an alert ends (against
    flapping); without it, that `when` is no more so. `mode`: shadow records nothing, alert only tells, act also proposes.
    `group_by`: columns of the subject by which many alerts of one evaluation are told as one. `show`: columns that an alert
    tells beside those that its conditions read, because whoever acts on it needs them. `advice`: what to do.
    `overrides`: the first whose `for` fits a subject counts. `valid_from`, `valid_through`: days (UTC), both inclusive.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{2,59}$")
    title: Words
    subject: str = Field(pattern=r"^[a-z][a-z_]{1,40}$", description="a fact view without its `fact_`")
    when: Condition
    clear_when: Condition | None = None
    missing: dict[str, Answer] = Field(default={})
    severity: Severities
    actions: tuple[Action, ...] = ()
    notify: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    show: tuple[str, ...] = Field(default=(), max_length=8)
    escalate_after: Duration | None = None
    escalate_to: tuple[str, ...] = ()
    advice: Words | None = None
    duty: Duty | None = None
    valid_from: date | None = None
    valid_through: date | None = None
    mode: Mode = "alert"
    overrides: tuple[Override, ...] = Field(default=(), max_length=50)
    #: where it was written; nothing for a rule that came from the database
    _written: tuple[Document, int] | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _can_be_meant(self) -> "Rule":
        if self.valid_from and self.valid_through and self.valid_through < self.valid_from:
            raise ValueError("valid_through is before valid_from")
        return self

    @property
    def version(self) -> str:
        """Changes whenever what the rule says does."""
        return sha256(json.dumps(self.body(), sort_keys=True).encode()).hexdigest()[:12]

    def body(self) -> dict[str, Any]:
        """The rule as JSON: `Rule.model_validate` reads it again."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    def text(self) -> str:
        """The rule as it was written, or as it would be."""
        if self._written:
            document, number = self._written
            return document.written((number,))
        return yaml.safe_dump(self.body(), allow_unicode=True, sort_keys=False, width=110)

    @property
    def pack(self) -> str:
        """The folder of the table it was written in."""
        return Path(self._written[0].name).parent.name if self._written else ""

    def in_force(self, as_of: datetime) -> bool:
        """Whether `as_of` is within its dates."""
        day = as_of.date()
        return (self.valid_from or day) <= day <= (self.valid_through or day)

    def applied(self, variant: int) -> "Rule":
        """The rule as it is for subjects of its override `variant`, counted from 1; 0, or one it has no more, is itself."""
        if not 0 < variant <= len(self.overrides):
            return self
        override = self.overrides[variant - 1]
        changes = {name: getattr(override, name) for name in override.said}
        changes["missing"] = {**self.missing, **override.missing}
        return self.model_copy(update=changes)

    def where(self, field: str, variant: int = 0, *then: str | int, key: bool = False) -> Where:
        """Says where a character of a field (or its key) stands, for errors: by file, line and column if it came from a file."""
        path: Path_ = (field, *then)
        if variant and field in self.overrides[variant - 1].said | {"for"}:
            path = ("overrides", variant - 1, *path)

        def place(offset: int = 0) -> str:
            named = f"rule {self.id}, {_dotted(path)}"
            if self._written is None:
                return f"{named}, character {offset + 1}"
            document, number = self._written
            return f"{document.place((number, *path), offset, key=key)}, {named}"

        return place


def load_rules(*paths: Path) -> list[Rule]:
    """All rules of these decision tables, or of these folders of them; of `include/rules` if none is named.

    Raises RuleError naming file, line and column of the first mistake.
    """
    rules, errors = read_rules(paths)
    if errors:
        raise errors[0]
    return rules


def read_rules(paths: Iterable[Path]) -> tuple[list[Rule], list[RuleError]]:
    """What `load_rules` loads as far as it can be read, and everything that is wrong."""
    rules: list[Rule] = []
    errors: list[RuleError] = []
    places: dict[str, str] = {}
    for file in _files(paths):
        try:
            document = Document(file)
            if not isinstance(document.data, list):
                raise RuleError(
                    "A decision table is a list of rules", where=document.name, do="begin each rule with '- id:'"
                )
        except RuleError as error:
            errors.append(error)
            continue
        for number, entry in enumerate(document.data):
            try:
                rule = Rule.model_validate(entry)
            except ValidationError as error:
                errors += _told(error, document, number, entry)
                continue
            place = document.place((number, "id"))
            if rule.id in places:
                errors.append(RuleError(f"Two rules are called {rule.id}", where=f"{places[rule.id]} and {place}"))
                continue
            places[rule.id] = place
            rule._written = (document, number)
            rules.append(rule)
    return rules, errors


def titles(lang: Literal["en", "zh"]) -> dict[str, str]:
    """What each rule is called in a language, by its id."""
    return {rule.id: getattr(rule.title, lang) for rule in load_rules()}


def _files(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in list(paths) or [RULES]:
        found += sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
    return found


#: what has the fields below a field of this name
_MODELS: Mapping[str | None, type[BaseModel]] = {
    None: Rule, "title": Words, "advice": Words, "recipient": Words, "severity": Severity, "duty": Duty,
    "overrides": Override, "for": Scope, "Words": Words,
}  # fmt: skip


def _told(error: ValidationError, document: Document, number: int, entry: Any) -> list[RuleError]:
    """Every mistake in an entry: what, where, and what was probably meant."""
    name = entry.get("id", f"number {number + 1}") if isinstance(entry, dict) else f"number {number + 1}"
    told = []
    for wrong in error.errors():
        if wrong["type"] == "too_short" and wrong["input"]:
            continue  # what was in it is wrong, and told
        path: Path_ = (number, *wrong["loc"])
        unknown = wrong["type"] == "extra_forbidden"
        said = wrong["msg"].removeprefix("Value error, ")
        what, do = f"{_dotted(wrong['loc']) or 'the rule'}: {said}", ""
        if unknown:
            parent = next((part for part in reversed(wrong["loc"][:-1]) if isinstance(part, str)), None)
            fields = _MODELS.get(parent, Rule).model_fields
            what = f"There is no field {wrong['loc'][-1]}"
            do = nearest(str(wrong["loc"][-1]), [field.alias or name for name, field in fields.items()])
        elif wrong["type"] == "literal_error":
            what = f"{_dotted(wrong['loc'])} cannot be {wrong['input']!r}"
            do = nearest(str(wrong["input"]), re.findall(r"'([^']+)'", wrong["ctx"]["expected"]))
        elif wrong["type"] == "string_pattern_mismatch":
            what = f"{_dotted(wrong['loc'])} cannot be {wrong['input']!r}"
            do = "use small letters, digits and _, three at least, a letter first"
        elif wrong["type"] == "string_type" and isinstance(wrong["input"], bool | int | float | date):
            do = "quote it"
        told.append(RuleError(what, where=f"{document.place(path, key=unknown)}, rule {name}", do=do))
    return told


def _dotted(path: Iterable[str | int]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path)
