"""The expression language of decision tables: comparisons and arithmetic over the columns of one fact view.

sqlglot parses it; what is not on the lists below is refused, so an expression can read its own row and nothing else.
What is run is written anew from what was understood, never the text itself.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from sqlglot import exp
from sqlglot.dialects import Postgres
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from lotwatch.errors import RuleError
from lotwatch.facts import Column

#: says where a character of the expression stands, for errors
Where = Callable[[int], str]

_POSTGRES = Postgres()
_NUMERIC = exp.DataType.build("numeric")
_MAX_TOKENS = 250
_MAX_DEPTH = 15
_ALLOWED = {
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren,
    exp.And, exp.Or, exp.Not,
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In, exp.Is,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg,
    exp.Coalesce, exp.Greatest, exp.Least, exp.Abs, exp.Round,
}  # fmt: skip
#: parts that an allowed node may have
_PARTS = {
    "this", "expression", "expressions", "low", "high", "decimals", "negate", "is_string", "quoted", "typed", "safe",
    "ignore_nulls",
}  # fmt: skip
#: exact numbers of a size at which no sum overflows
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,6})?|\.\d{1,6}")
_FUNCTIONS = "coalesce, greatest, least, abs and round"
_INEXACT = {"double precision", "real"}


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that was understood. `text` is how it was written, `columns` what it reads, in that order."""

    text: str
    tree: exp.Expr
    columns: tuple[str, ...]

    def sql(self, known: Mapping[str, Column]) -> str:
        """The expression over `fact`: a division is exact, and one by zero is unknown instead of an error."""
        return self.tree.copy().transform(_safe, known, copy=False).sql(dialect="postgres", copy=False)

    def parts(self) -> Iterator["Expression"]:
        """Every part of it, the innermost first: which of them the database does not like."""
        for node in reversed(list(self.tree.walk())):
            if isinstance(node, exp.Condition):
                yield self._part(node)

    def conditions(self) -> Iterator["Expression"]:
        """What is joined by `and`, or else by `or`: which of them is so."""
        tree = self.tree.unnest()
        for part in tree.flatten() if isinstance(tree, exp.And | exp.Or) else [tree]:
            yield self._part(part)

    @property
    def start(self) -> int:
        """Where it begins in what was written."""
        return _start(self.tree)

    def _part(self, node: exp.Expr) -> "Expression":
        return Expression(node.sql(dialect="postgres"), node, _read(node))


def parse(text: str, columns: Mapping[str, Column], where: Where) -> Expression:
    """The expression over `columns`. Raises RuleError saying what is not understood or not allowed, and where."""
    _check_letters(text, where)
    try:
        tokens = _POSTGRES.tokenize(text)
        _check_tokens(tokens, where)
        trees = _POSTGRES.parser().parse(tokens, text)
    except (SqlglotError, RecursionError) as error:
        raise RuleError("The expression cannot be read", where=where(_offset(text, error))) from error
    if len(trees) != 1 or trees[0] is None:
        raise RuleError("An expression is one condition", where=where(0))
    tree = trees[0]
    for node in tree.walk():
        _check(node, columns, where)
    return Expression(text, tree, _read(tree))


def _check_letters(text: str, where: Where) -> None:
    for place, letter in enumerate(text):
        if not letter.isprintable() and letter not in " \n\t":
            raise RuleError(f"A character that cannot be seen: U+{ord(letter):04X}", where=where(place), do="remove it")


def _check_tokens(tokens: list[Token], where: Where) -> None:
    """Refuse what could not be parsed in bounded room, and comments, which nobody would see again."""
    if len(tokens) > _MAX_TOKENS:
        raise RuleError(
            f"The expression has more than {_MAX_TOKENS} words",
            where=where(tokens[_MAX_TOKENS].start),
            do="split the rule",
        )
    depth = nots = 0
    for token in tokens:
        if token.comments:
            raise RuleError("No comments within an expression", where=where(token.start), do="use YAML's: # ...")
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        nots = nots + 1 if token.token_type == TokenType.NOT else 0
        if depth > _MAX_DEPTH or nots > _MAX_DEPTH:
            raise RuleError(f"Nested more than {_MAX_DEPTH} deep", where=where(token.start), do="split the rule")


def _check(node: exp.Expr, columns: Mapping[str, Column], where: Where) -> None:
    wrong = _wrong(node)
    if wrong:
        shown = node.sql(dialect="postgres")[:80]
        raise RuleError(f"{shown}: {wrong}", where=where(_start(node)))
    if isinstance(node, exp.Column) and node.name not in columns:
        near = get_close_matches(node.name.lower(), columns, 1)
        do = f"did you mean {near[0]}?" if near else "see docs/reference/facts.md"
        raise RuleError(f"There is no column {node.name!r}", where=where(_start(node)), do=do)


def _wrong(node: exp.Expr) -> str | None:
    """Why a part may not be in a rule."""
    if type(node) not in _ALLOWED:
        return f"not allowed in a rule, where of functions there are {_FUNCTIONS}"
    if any(value and name not in _PARTS for name, value in node.args.items()):
        return "not in this form"
    if isinstance(node, exp.In) and not node.expressions:
        return "`in` takes a list of values"
    if isinstance(node, exp.Literal) and not node.is_string and not _NUMBER.fullmatch(node.name):
        return "a number has at most 12 digits and 6 decimals"
    if isinstance(node, exp.Identifier) and node.args.get("quoted"):
        return "columns are not quoted, and texts have single quotes"
    return None


def _safe(node: exp.Expr, known: Mapping[str, Column]) -> exp.Expr:
    if isinstance(node, exp.Column):
        return exp.column(exp.to_identifier(node.name, quoted=True), table="fact")
    if isinstance(node, exp.Mul | exp.Div):
        if not any(known[column.name].type in _INEXACT for column in node.find_all(exp.Column)):
            node.set("this", exp.Cast(this=exp.paren(node.this, copy=False), to=_NUMERIC.copy()))
        if isinstance(node, exp.Div):
            node.set("expression", exp.Nullif(this=node.expression, expression=exp.Literal.number(0)))
    return node


def _read(tree: exp.Expr) -> tuple[str, ...]:
    """The columns that a part reads, as they are written."""
    found = sorted(tree.find_all(exp.Column), key=lambda column: column.this.meta.get("start", 0))
    return tuple(dict.fromkeys(column.name for column in found))


def _start(node: exp.Expr) -> int:
    """Where in the text a part begins, as far as that is known."""
    return min((leaf.meta["start"] for leaf in node.walk() if "start" in leaf.meta), default=0)


def _offset(text: str, error: Exception) -> int:
    """Where sqlglot stopped: it counts lines and, from 1, the column of the last letter of a word."""
    errors = getattr(error, "errors", None)
    if not errors or not errors[0].get("line"):
        return 0
    lines = text.split("\n")[: errors[0]["line"] - 1]
    return max(0, sum(len(line) + 1 for line in lines) + errors[0]["col"] - len(errors[0]["highlight"] or " "))
