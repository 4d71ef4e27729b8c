"""All rules about one subject become one statement over its fact view."""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from lotwatch.errors import RuleError
from lotwatch.facts import Column
from lotwatch.rules.expression import columns_of, parse
from lotwatch.rules.tables import Rule

#: what a reader needs to know about an alert's subject, where its fact view has it
SUBJECT_COLUMNS = (
    "item_id", "site_id", "lot_id", "supplier_id", "item_code", "item_name", "lot_number", "serial_number",
    "category", "site_code", "site_name", "region", "order_number", "supplier_code", "supplier_name", "number",
    "delivery_number", "carrier", "demand_number", "customer_name", "legal_entity_code", "jurisdiction", "reference",
    "location_code", "location_name", "cause", "source", "entity", "check_id", "authority", "firm", "title",
    "kit_name", "sscc",
)  # fmt: skip


def compile_rules(subject: str, rules: Sequence[Rule], columns: Mapping[str, Column], schema: str = "lotwatch") -> str:
    """One SELECT answering (rule_id, rule_version, subject_kind, subject_key, severity, subject, evidence, in_quarantine, fires) for every
    finding of `rules` in the fact view of `subject`, of that `schema`. Raises RuleError."""
    findings = exp.Values(
        expressions=[_finding(rule, columns) for rule in rules],
        alias=exp.TableAlias(
            this=exp.to_identifier("finding"),
            columns=[exp.to_identifier(name) for name in ("rule_id", "rule_version", "severity", "evidence")],
        ),
    )
    shown = [name for name in SUBJECT_COLUMNS if name in columns]
    statement = (
        exp
        .select(
            "finding.rule_id",
            "finding.rule_version",
            exp.alias_(exp.Literal.string(subject), "subject_kind"),
            "fact.subject_key",
            "finding.severity",
            exp.alias_(_object(shown), "subject"),
            "finding.evidence",
            exp.alias_(exp.column("data_in_quarantine", "fact"), "in_quarantine"),
            exp.alias_(exp.true(), "fires"),
        )
        .from_(exp.alias_(exp.table_(f"fact_{subject}", db=schema), "fact", table=True))
        .join(exp.Lateral(this=exp.Subquery(this=exp.select("*").from_(findings)), alias="finding"), join_type="cross")
        # most facts fire nothing: they are left out before findings are made of them
        .where(exp.or_(*(_fires(rule, columns)[0] for rule in rules)))
        .where("finding.severity IS NOT NULL")
    )
    return statement.sql(dialect="postgres")


def _fires(rule: Rule, columns: Mapping[str, Column]) -> tuple[exp.Expr, list[str]]:
    """When the rule fires (true or false, never null), and the columns its condition reads."""
    condition = parse(rule.when, columns, f"rule {rule.id}, when")
    read = columns_of(condition)
    _check_missing(rule, read, columns)
    fires: exp.Expr = exp.Coalesce(this=exp.paren(condition), expressions=[exp.false()])
    for name, answer in rule.missing.items():
        if answer == "alert":
            fires = exp.or_(fires, exp.column(name).is_(exp.null()))
    return fires, read


def _finding(rule: Rule, columns: Mapping[str, Column]) -> exp.Tuple:
    fires, read = _fires(rule, columns)
    level = exp.Case()
    for severity in rule.severity:
        if severity.when is None:
            level = level.else_(exp.Literal.string(severity.level))
        else:
            tree = parse(severity.when, columns, f"rule {rule.id}, severity {severity.level}")
            read += [name for name in columns_of(tree) if name not in read]
            level = level.when(tree, exp.Literal.string(severity.level))
    severity_or_null = exp.Case().when(fires, level if level.args.get("ifs") else level.args["default"])
    evidence = exp.Case().when(fires.copy(), _object(read))
    literals = [exp.Literal.string(rule.id), exp.Literal.string(rule.version)]
    return exp.Tuple(expressions=[*literals, severity_or_null, evidence])


def _check_missing(rule: Rule, read: list[str], columns: Mapping[str, Column]) -> None:
    nullable = [name for name in read if "null:" in (columns[name].comment or "")]
    unanswered = [name for name in nullable if name not in rule.missing]
    if unanswered:
        raise RuleError(
            f"{', '.join(unanswered)} can be unknown, and the rule does not say what then",
            where=f"rule {rule.id}, missing",
            do=f"add `missing: {{{unanswered[0]}: ignore}}` (or alert)",
        )
    needless = [name for name in rule.missing if name not in nullable]
    if needless:
        raise RuleError(f"{', '.join(needless)}: not in `when`, or never unknown", where=f"rule {rule.id}, missing")


def _object(names: Sequence[str]) -> exp.Expression:
    """jsonb_build_object('a', a, ...)."""
    pairs = [part for name in names for part in (exp.Literal.string(name), exp.column(name, "fact"))]
    return exp.Anonymous(this="jsonb_build_object", expressions=pairs)
