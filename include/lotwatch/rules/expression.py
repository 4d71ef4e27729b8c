"""The expression language of decision tables: comparisons and arithmetic over the columns of one fact view.

sqlglot parses it; what is not on the list below is refused, so an expression can read its own row and nothing else.
"""

from collections.abc import Mapping
from difflib import get_close_matches

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from lotwatch.errors import RuleError
from lotwatch.facts import Column

_MAX_NODES = 200
_ALLOWED = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren,
    exp.And, exp.Or, exp.Not,
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In, exp.Is,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg,
    exp.Coalesce, exp.Greatest, exp.Least, exp.Abs,
)  # fmt: skip


def parse(text: str, columns: Mapping[str, Column], where: str) -> exp.Expr:
    """The expression as a tree over `columns`. Raises RuleError saying what is not understood or not allowed."""
    try:
        trees = sqlglot.parse(text, dialect="postgres")
    except SqlglotError as error:
        raise RuleError(f"Cannot read the expression: {text!r}", where=where, do=str(error).splitlines()[0]) from error
    if len(trees) != 1 or trees[0] is None:
        raise RuleError("An expression is one condition", where=where)
    tree = trees[0]
    nodes = list(tree.walk())
    if len(nodes) > _MAX_NODES:
        raise RuleError(f"The expression has more than {_MAX_NODES} parts", where=where, do="split the rule")
    for node in nodes:
        _check(node, columns, where)
    return tree


def columns_of(tree: exp.Expr) -> list[str]:
    """Names of the columns an expression reads, in the order in which they appear."""
    return list(dict.fromkeys(column.name for column in tree.find_all(exp.Column, bfs=False)))


def _check(node: exp.Expr, columns: Mapping[str, Column], where: str) -> None:
    if not isinstance(node, _ALLOWED) or type(node) is exp.Dot:
        raise RuleError(f"{node.sql(dialect='postgres')!r} is not allowed in a rule", where=where)
    if isinstance(node, exp.In) and (node.args.get("query") or node.args.get("unnest") or node.args.get("field")):
        raise RuleError("`in` takes a list of values", where=where)
    if isinstance(node, exp.Column):
        if node.table:
            raise RuleError(f"{node.sql()!r}: name the column alone", where=where)
        if node.name not in columns:
            near = get_close_matches(node.name, columns, 1)
            raise RuleError(
                f"There is no column {node.name!r}",
                where=where,
                do=f"did you mean {near[0]!r}?" if near else "see docs/reference/facts.md",
            )
