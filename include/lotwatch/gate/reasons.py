"""Says why a row is refused, with the row's own values in the text."""

from string import Formatter
from typing import Any

from psycopg import sql

from lotwatch.gate.suites import Suite


def reasons(suite: Suite, language: str, *, only_errors: bool = False) -> tuple[sql.Composed, dict[str, Any]]:
    """SQL for the reasons of a staged row `s` as a text array, in the order of its errors and then its warnings.

    Returned with the parameters it binds. A value that is missing is written as an em dash.
    """
    checks = sorted(
        (check for check in suite.checks if check.critical or not only_errors), key=lambda c: not c.critical
    )
    parameters: dict[str, Any] = {}
    cases: list[sql.Composable] = []
    for number, check in enumerate(checks):
        rule, text = f"{language}_rule{number}", f"{language}_text{number}"
        template, fields = _format(getattr(check.reason, language))
        parameters |= {rule: check.rule, text: template}
        arguments = [sql.Placeholder(text) + sql.SQL("::text")]
        arguments += [sql.SQL("coalesce(s.{}::text, '—')").format(sql.Identifier(field)) for field in fields]
        cases.append(
            sql.SQL("CASE WHEN {rule} = ANY ({rules}) THEN format({arguments}) END").format(
                rule=sql.Placeholder(rule),
                rules=sql.SQL("s.errors" if check.critical else "s.warnings"),
                arguments=sql.SQL(", ").join(arguments),
            )
        )
    return sql.SQL("array_remove(ARRAY[{}]::text [], NULL)").format(sql.SQL(", ").join(cases)), parameters


def _format(text: str) -> tuple[str, list[str]]:
    """PostgreSQL's format() template of a reason, and the columns that fill it."""
    template, fields = "", []
    for literal, field, _, _ in Formatter().parse(text):
        template += literal.replace("%", "%%")
        if field is not None:
            template += "%s"
            fields.append(field)
    return template, fields
