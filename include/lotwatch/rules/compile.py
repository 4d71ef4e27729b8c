"""All rules about one subject become one statement over its fact view."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from lotwatch.db.query import query
from lotwatch.errors import RuleError, nearest
from lotwatch.facts import Column
from lotwatch.rules.expression import Expression, parse
from lotwatch.rules.tables import Rule

Columns = Mapping[str, Column]

#: what a reader needs to know about an alert's subject, where its fact view has it
SUBJECT_COLUMNS = (
    "item_id", "site_id", "lot_id", "supplier_id", "item_code", "item_name", "lot_number", "serial_number",
    "category", "site_code", "site_name", "region", "order_number", "supplier_code", "supplier_name", "number",
    "delivery_number", "carrier", "demand_number", "customer_name", "legal_entity_code", "jurisdiction", "reference",
    "location_code", "location_name", "cause", "source", "entity", "check_id", "authority", "firm", "title",
    "kit_name", "sscc", "case_code",
)  # fmt: skip
#: the column by which an override's `for` chooses
SCOPE_COLUMNS = {
    "region": "region", "category": "category", "criticality": "criticality", "supplier": "supplier_code",
    "site": "site_code", "item": "item_code",
}  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """A rule as it is for some subjects: for those of its override `number`, or (0) for those of none."""

    rule: Rule
    number: int
    scope: str
    when: Expression
    clear_when: Expression | None
    severity: tuple[tuple[Expression | None, str], ...]
    columns: Columns

    @property
    def read(self) -> list[str]:
        """The columns that its conditions read, in that order."""
        parts = [self.when, self.clear_when, *(condition for condition, _ in self.severity)]
        return list(dict.fromkeys(name for part in parts if part for name in part.columns))

    @cached_property
    def fires(self) -> str:
        """When it fires: true or false, never null."""
        unknown = [f"{_column(name)} IS NULL" for name in self._answered("alert", self.when)]
        return " OR ".join([f"coalesce(({self.when.sql(self.columns)}), false)", *unknown])

    @cached_property
    def lasts(self) -> str | None:
        """When an alert goes on although it does not fire; None: never."""
        if self.clear_when is None:
            return None
        known = [f"{_column(name)} IS NOT NULL" for name in self._answered("ignore", self.clear_when)]
        return " AND ".join([f"NOT coalesce(({self.clear_when.sql(self.columns)}), false)", *known])

    @property
    def level(self) -> str:
        """The severity; the last one has no condition."""
        *some, (_, last) = self.severity
        cases = "".join(f" WHEN {when.sql(self.columns)} THEN {_text(level)}" for when, level in some if when)
        return f"CASE{cases} ELSE {_text(last)} END" if cases else _text(last)

    def _answered(self, answer: str, condition: Expression) -> list[str]:
        return [name for name in condition.columns if self.rule.missing.get(name) == answer]


def variants(rule: Rule, columns: Columns) -> Iterator[Variant]:
    """A rule and its overrides, understood. Raises RuleError."""
    _check_group_by(rule, columns)
    _check_show(rule, columns)
    earlier: list[str] = []
    for number in (*range(1, len(rule.overrides) + 1), 0):
        scope = _scope(rule, number, columns)
        others = [f"NOT ({other})" for other in earlier]
        applied = rule.applied(number)
        # as it will be read, but its mistakes are where they were written
        when = parse(applied.when, columns, rule.where("when", number))
        clear = applied.clear_when and parse(applied.clear_when, columns, rule.where("clear_when", number))
        severity = tuple(
            (part.when and parse(part.when, columns, rule.where("severity", number, place, "when")), part.level)
            for place, part in enumerate(applied.severity)
        )
        _check_missing(rule, number, when, clear or None, columns)
        yield Variant(
            applied, number, " AND ".join([*([scope] if scope else []), *others]), when, clear or None,
            tuple((condition or None, level) for condition, level in severity), columns,
        )  # fmt: skip
        if scope:
            earlier.append(scope)


def compile_rules(subject: str, rules: Sequence[Rule], columns: Columns, schema: str = "lotwatch") -> str:
    """One SELECT answering the columns of the table `finding` (see compiled.sql) for every finding of `rules` in the fact
    view of `subject`, of that `schema`. Raises RuleError."""
    found = [variant for rule in rules for variant in variants(rule, columns)]
    return _filled(
        "compiled",
        subject=_text(subject),
        view=f"{schema}.fact_{subject}",
        shown=_object([name for name in SUBJECT_COLUMNS if name in columns]),
        arms="\nUNION ALL\n".join(_arm(variant) for variant in found),
        concerned="\n    OR ".join(f"({_concerns(variant)})" for variant in found),
    )


def _arm(variant: Variant) -> str:
    """The finding of one variant for a fact, or nothing."""
    return _filled(
        "compiled_arm",
        rule_id=_text(variant.rule.id),
        rule_version=_text(variant.rule.version),
        variant=str(variant.number),
        shadow=str(variant.rule.mode == "shadow").lower(),
        fires="true" if variant.lasts is None else f"({variant.fires})",
        severity=variant.level,
        evidence=_evidence(variant),
        concerned=_concerns(variant),
    )


def _evidence(variant: Variant) -> str:
    """The values that decided, and of what the rule shows beside them those that there are."""
    also = [name for name in variant.rule.show if name not in variant.read]
    shown = f" || jsonb_strip_nulls({_object(also)})" if also else ""
    return _object(variant.read) + shown


def _filled(name: str, **parts: str) -> str:
    """A statement of ours with its parts, each made of what was understood: never a text that somebody wrote."""
    lines = query(__package__, name).splitlines()
    return "\n".join(line for line in lines if not line.startswith("--")).format(**parts)


def _concerns(variant: Variant) -> str:
    lasts = f" OR ({variant.lasts})" if variant.lasts else ""
    scope = f"{variant.scope} AND " if variant.scope else ""
    return f"{scope}({variant.fires}{lasts})"


def _scope(rule: Rule, number: int, columns: Columns) -> str:
    """For which subjects an override is: true or false, never null. Empty for the rule itself."""
    if number == 0:
        return ""
    parts = []
    for kind, codes in rule.overrides[number - 1].scope.codes().items():
        name = SCOPE_COLUMNS[kind]
        if name not in columns:
            raise RuleError(
                f"What {rule.subject} is about has no {kind}",
                where=rule.where("for", number, kind, key=True)(0),
                do=nearest(kind, [known for known, column in SCOPE_COLUMNS.items() if column in columns]),
            )
        parts.append(f"coalesce({_column(name)} IN ({', '.join(map(_text, codes))}), false)")
    return " AND ".join(parts)


def _check_missing(rule: Rule, number: int, when: Expression, clear_when: Expression | None, columns: Columns) -> None:
    """Each column that decides and can be unknown has an answer, and nothing else has one."""
    answers = rule.applied(number).missing
    unanswered = [name for name in when.columns if _nullable(columns[name]) and name not in answers]
    if unanswered:
        raise RuleError(
            f"{', '.join(unanswered)} can be unknown, and the rule does not say what then",
            where=rule.where("when", number)(0),
            do=f"add `missing: {{{unanswered[0]}: ignore}}` (or alert)",
        )
    said = rule.overrides[number - 1].missing if number else rule.missing
    deciding = {*when.columns, *(clear_when.columns if clear_when else ())}
    for name in said:
        if name not in columns:
            raise RuleError(
                f"There is no column {name!r}",
                where=rule.where("missing", number, name, key=True)(0),
                do=nearest(name, deciding),
            )
        if name not in deciding or not _nullable(columns[name]):
            raise RuleError(
                f"{name} decides nothing here, or is never unknown",
                where=rule.where("missing", number, name, key=True)(0),
            )


def _check_group_by(rule: Rule, columns: Columns) -> None:
    known = [name for name in SUBJECT_COLUMNS if name in columns]
    for place, name in enumerate(rule.group_by):
        if name not in known:
            raise RuleError(
                f"Alerts cannot be grouped by {name!r}",
                where=rule.where("group_by", 0, place)(0),
                do=nearest(name, known),
            )


def _check_show(rule: Rule, columns: Columns) -> None:
    for place, name in enumerate(rule.show):
        if name not in columns:
            raise RuleError(
                f"There is no column {name!r}", where=rule.where("show", 0, place)(0), do=nearest(name, columns)
            )


def _nullable(column: Column) -> bool:
    return "null:" in (column.comment or "")


def _object(names: Sequence[str]) -> str:
    """jsonb_build_object('a', fact."a", ...)."""
    return f"jsonb_build_object({', '.join(f'{_text(name)}, {_column(name)}' for name in names)})"


def _column(name: str) -> str:
    return f'fact."{name}"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
