"""Lists: one page of a query's rows with its totals, or all of them one after another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from psycopg import Connection, sql
from psycopg.rows import DictRow, dict_row, tuple_row

from lotwatch.db.query import query

_ROWS_AT_ONCE = 500
#: rows that a page of many counts; beyond them it says that there are more
MOST_COUNTED = 10_000


class Order(NamedTuple):
    """A column of the result to sort by; rows without a value come last either way."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """A SELECT from a `.sql` file of the pages, its parameters and the order of its rows.

    `of` names a second file that sums up the first, which it reads as `listed`.
    """

    name: str
    parameters: Mapping[str, Any]
    order: Sequence[Order]
    of: str | None = None

    def rows(self) -> sql.Composable:
        """The SELECT, unordered."""
        if self.of is None:
            return _text(self.name)
        return sql.SQL("WITH listed AS ({}) {}").format(_text(self.of), _text(self.name))

    def order_by(self) -> sql.Composable:
        """The list after ORDER BY."""
        direction = {True: sql.SQL(" DESC NULLS LAST"), False: sql.SQL(" ASC NULLS LAST")}
        return sql.SQL(", ").join(sql.Identifier(order.column) + direction[order.descending] for order in self.order)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page. `number` counts from 1; `totals` (`rows` among them) are over all pages. With `more` there are
    more rows than were counted, and no pages for them."""

    rows: list[DictRow]
    totals: DictRow
    number: int
    size: int
    more: bool = False

    @property
    def row_count(self) -> int:
        return int(self.totals["rows"])

    @property
    def pages(self) -> int:
        return max(1, -(-self.row_count // self.size))


def fetch_page(conn: Connection, statement: Statement, number: int, size: int, total: str = "count_rows") -> Page:
    """Page `number` of the statement's rows, or the last one where there are fewer.

    `total` names the `.sql` file that computes the totals from `listed`, each named `all_...`, `all_rows` among them.
    Rows and totals are of one reading: the facts are worth computing once.
    """
    paged = sql.SQL(
        "WITH listed AS MATERIALIZED ({rows}), total AS ({total}), page AS ("
        "SELECT * FROM listed ORDER BY {order} LIMIT {size}"
        " OFFSET (SELECT least({skipped}, greatest(0, all_rows - 1) / {size} * {size}) FROM total)"
        ") SELECT * FROM total LEFT JOIN page ON true ORDER BY {order}"
    ).format(
        rows=statement.rows(),
        total=_text(total),
        order=statement.order_by(),
        size=sql.Literal(size),
        skipped=sql.Literal((number - 1) * size),
    )
    found = conn.cursor(row_factory=dict_row).execute(paged, statement.parameters).fetchall()
    totals = {name.removeprefix("all_"): value for name, value in found[0].items() if name.startswith("all_")}
    last = max(1, -(-totals["rows"] // size))
    return Page(found if totals["rows"] else [], totals, min(number, last), size)


def fetch_page_of_many(conn: Connection, statement: Statement, number: int, size: int) -> Page:
    """Page `number` of rows of which there may be very many: none but the page's is computed, and not all are counted.

    It is quick where an index has the statement's order.
    """
    counting = sql.SQL("SELECT count(*) FROM (SELECT FROM ({rows}) AS listed LIMIT {most}) AS counted").format(
        rows=statement.rows(), most=sql.Literal(MOST_COUNTED + 1)
    )
    (found,) = conn.cursor(row_factory=tuple_row).execute(counting, statement.parameters).fetchall()[0]
    count = min(found, MOST_COUNTED)
    number = min(number, max(1, -(-count // size)))
    rows = fetch_first(conn, statement, size, (number - 1) * size)
    return Page(rows, {"rows": count}, number, size, found > MOST_COUNTED)


def fetch_first(conn: Connection, statement: Statement, most: int, skipped: int = 0) -> list[DictRow]:
    """The first rows, `most` at most, after those to skip."""
    asked = sql.SQL("{rows} ORDER BY {order} LIMIT {most} OFFSET {skipped}").format(
        rows=statement.rows(), order=statement.order_by(), most=sql.Literal(most), skipped=sql.Literal(skipped)
    )
    return conn.cursor(row_factory=dict_row).execute(asked, statement.parameters).fetchall()


def stream_rows(conn: Connection, statement: Statement) -> Iterator[DictRow]:
    """All rows, fetched in portions, so that a long list never lies in memory."""
    ordered = sql.SQL("{} ORDER BY {}").format(statement.rows(), statement.order_by())
    with conn.cursor(name="listing", row_factory=dict_row) as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        yield from cursor.execute(ordered, statement.parameters)


def fetch_all(conn: Connection, name: str, parameters: Mapping[str, Any] | None = None) -> list[DictRow]:
    """All rows of a short list."""
    return conn.cursor(row_factory=dict_row).execute(_text(name), parameters).fetchall()


def _text(name: str) -> sql.SQL:
    return sql.SQL(query("lotwatch_airflow.board.pages", name).strip())
