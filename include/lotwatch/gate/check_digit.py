"""The check digits of device identifiers as Great Expectations checks. Imports Great Expectations: import it inside functions."""

from typing import Any

from great_expectations.compatibility.sqlalchemy import sqlalchemy as sa
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider, column_condition_partial


class Gs1CheckDigitHolds(ColumnMapMetricProvider):
    """The condition, as the database's function."""

    condition_metric_name = "column_values.gs1_check_digit_holds"

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, **_: Any) -> Any:  # noqa: N805 (a class method to Great Expectations)
        return sa.func.lotwatch.gs1_check_digit_holds(column)


class ExpectColumnValuesToHaveGs1CheckDigit(ColumnMapExpectation):
    """Expect the check digit of every GTIN (8, 12, 13 or 14 digits) in the column to hold; other codes have none."""

    map_metric = "column_values.gs1_check_digit_holds"


class HibccCheckCharacterHolds(ColumnMapMetricProvider):
    """The condition, as the database's function."""

    condition_metric_name = "column_values.hibcc_check_character_holds"

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, **_: Any) -> Any:  # noqa: N805 (a class method to Great Expectations)
        return sa.func.lotwatch.hibcc_check_character_holds(column)


class ExpectColumnValuesToHaveHibccCheckCharacter(ColumnMapExpectation):
    """Expect every HIBC in the column that begins with + to end with its check character; other codes have none."""

    map_metric = "column_values.hibcc_check_character_holds"
