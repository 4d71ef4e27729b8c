"""Great Expectations judges a batch, writes the report and referees the split.

It reads through a connection of its own, in the snapshot of the gate's transaction: both see the same rows and the
same records to refer to, whatever other batches are posted meanwhile. Its import takes five seconds, so it happens
inside functions only.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psycopg
from psycopg import sql

from lotwatch.errors import GateError
from lotwatch.gate.suites import Suite

if TYPE_CHECKING:
    import great_expectations as gx
    import sqlalchemy

#: what is read of a staged row: not the raw record, which no check looks at
_KEYS = ("batch_id", "record_no", "source_key")


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What Great Expectations found for one rule: rows it looked at, rows that fail.

    `broken` is the error of a check that could not be evaluated at all: then nothing is known about the data.
    """

    rule: str
    evaluated: int
    failing: int
    broken: str | None = None


@dataclass(frozen=True, slots=True)
class EntityVerdict:
    """The verdict on one entity of a batch, by rule, and the page that shows it."""

    entity: str
    rules: Mapping[str, RuleVerdict]
    page: Path

    @property
    def broken(self) -> dict[str, str]:
        """Checks that could not be evaluated, with their errors."""
        return {rule: verdict.broken for rule, verdict in self.rules.items() if verdict.broken}


class Judge:
    """Judges the entities of one batch; a context manager, because it holds a connection.

    `docs` is the folder that receives validation results (`results/`) and Data Docs (`site/`). `as_of` names the run
    in them. Neither holds anything of the connection.
    """

    def __init__(self, conn: psycopg.Connection, docs: Path, batch_id: int, as_of: datetime) -> None:
        self._batch_id = batch_id
        self._as_of = as_of
        self._docs = docs
        self._snapshot = ""
        self._batch_queries: set[str] = set()
        self._context = _context(docs)
        self._source = _source(self._context, conn)
        self._engine: sqlalchemy.Engine = self._source.get_execution_engine().engine
        _listen(self._engine, self._take_snapshot, self._read_columns_alone)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()
        self._source.get_engine().dispose()

    def verdict(self, conn: psycopg.Connection, suite: Suite) -> EntityVerdict:
        """Evaluate the suite over the batch, in the snapshot of `conn`'s open REPEATABLE READ transaction.

        Raises GateError when Great Expectations did not take over every check of the file.
        """
        import great_expectations as gx

        self._snapshot = conn.execute("SELECT pg_export_snapshot()").fetchone()[0]  # type: ignore[index]
        validation = self._context.validation_definitions.add(
            gx.ValidationDefinition(name=suite.entity, data=self._batch(suite), suite=self._suite(suite))
        )
        checkpoint = self._context.checkpoints.add(
            gx.Checkpoint(
                name=suite.entity,
                validation_definitions=[validation],
                result_format="SUMMARY",
                actions=[gx.checkpoint.UpdateDataDocsAction(name="data_docs", site_names=["site"])],
            )
        )
        run_id = gx.RunIdentifier(run_name=f"batch-{self._batch_id}", run_time=self._as_of)
        result = checkpoint.run(run_id=run_id)
        ((identifier, outcome),) = result.run_results.items()
        page = self._docs.joinpath("site", "validations", *identifier.to_tuple()).with_suffix(".html")
        rows = max((each.result.get("element_count", 0) for each in outcome.results), default=0)
        rules = [_rule_verdict(each, rows) for each in outcome.results]
        verdict = EntityVerdict(suite.entity, {rule.rule: rule for rule in rules}, page)
        _assert_complete(suite, verdict.rules.keys(), "evaluated")
        return verdict

    def _batch(self, suite: Suite) -> Any:
        statement = sql.SQL("SELECT {} FROM stage.{} WHERE batch_id = {}").format(
            sql.SQL(", ").join(map(sql.Identifier, (*_KEYS, *suite.columns))),
            sql.Identifier(suite.entity),
            sql.Literal(self._batch_id),
        )
        text = statement.as_string()
        self._batch_queries.add(text)
        asset = self._source.add_query_asset(suite.entity, query=text)
        return asset.add_batch_definition_whole_table(f"batch-{self._batch_id}")

    def _suite(self, suite: Suite) -> "gx.ExpectationSuite":
        import great_expectations as gx

        from lotwatch.gate import check_digit  # noqa: F401 (registers the check by being imported)

        loaded = gx.ExpectationSuite(name=suite.entity, expectations=[_configuration(check) for check in suite.checks])
        _assert_complete(suite, [each.meta["rule"] for each in loaded.expectations if each.meta], "loaded")
        self._context.suites.add(loaded)
        return loaded

    def _take_snapshot(self, connection: "sqlalchemy.Connection") -> None:
        statement = sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(self._snapshot))
        connection.exec_driver_sql(statement.as_string())

    def _read_columns_alone(
        self, _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> tuple[str, Any]:
        """To learn a query's columns Great Expectations runs it and drops the rows: a whole batch would pass through here."""
        return (f"{statement} LIMIT 1" if statement.strip() in self._batch_queries else statement), parameters


def refuse_broken(suite: Suite, verdict: EntityVerdict, batch_id: int) -> None:
    """Raise GateError when a check could not be evaluated: it is broken, not the data."""
    if verdict.broken:
        rules = "; ".join(f"{rule}: {error}" for rule, error in sorted(verdict.broken.items()))
        raise GateError(
            f"Checks of {suite.entity} are broken, so nothing is known about the data: {rules}",
            where=str(suite.path),
            do=f"correct the suite, then `lotwatch batch judge {batch_id}`",
        )


def referee_counts(suite: Suite, verdict: EntityVerdict, counts: Mapping[str, int]) -> None:
    """Compare the split's counts of failing rows with Great Expectations' own, rule by rule.

    Raises GateError when they do not agree: then neither may be believed.
    """
    differing = [
        f"{rule}: {counts.get(rule, 0)} against {found.failing}"
        for rule, found in sorted(verdict.rules.items())
        if counts.get(rule, 0) != found.failing
    ]
    if differing:
        raise GateError(
            f"The split and Great Expectations disagree about {suite.entity} ({'; '.join(differing)} failing rows)",
            where=str(suite.path),
            do="look for a kind of row that a rule counts twice or not at all, and write the rule anew",
        )


def _context(docs: Path) -> Any:
    """An ephemeral context that keeps everything in memory but validation results and Data Docs.

    With results in memory, each run would delete the pages of the one before it.
    """
    import great_expectations as gx
    from great_expectations.data_context.types.base import DataContextConfig, ProgressBarsConfig

    memory = {"class_name": "InMemoryStoreBackend"}
    config = DataContextConfig(
        stores={
            "expectations": {"class_name": "ExpectationsStore", "store_backend": memory},
            "checkpoints": {"class_name": "CheckpointStore", "store_backend": memory},
            # Great Expectations looks for this store under this very name
            "validation_definition_store": {"class_name": "ValidationDefinitionStore", "store_backend": memory},
            "results": {"class_name": "ValidationResultsStore", "store_backend": _folder(docs / "results")},
        },
        expectations_store_name="expectations",
        checkpoint_store_name="checkpoints",
        validation_results_store_name="results",
        data_docs_sites={
            "site": {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": _folder(docs / "site"),
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            }
        },
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _folder(path: Path) -> dict[str, str]:
    return {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(path)}


def _source(context: Any, conn: psycopg.Connection) -> Any:
    """The connection's own database, as its own role, for reading in one snapshot."""
    from great_expectations.datasource.fluent.interfaces import GxDatasourceWarning
    from sqlalchemy import URL

    query = {key: str(value) for key, value in conn.info.get_parameters().items()}
    # a table just filled is thought to be nearly empty: nested loops over it would not finish
    query["options"] = f"{query.get('options', '')} -c enable_nestloop=off"
    if conn.info.password:
        query["password"] = conn.info.password
    url = URL.create("postgresql+psycopg", query=query).render_as_string(hide_password=False)
    with warnings.catch_warnings():
        # it would rather have its PostgresDatasource, which takes no unix socket
        warnings.simplefilter("ignore", GxDatasourceWarning)
        return context.data_sources.add_sql(
            "lotwatch", connection_string=url, kwargs={"isolation_level": "REPEATABLE READ"}
        )


def _listen(engine: "sqlalchemy.Engine", on_begin: Any, before_execute: Any) -> None:
    from sqlalchemy import event

    event.listen(engine, "begin", on_begin)
    event.listen(engine, "before_cursor_execute", before_execute, retval=True)


def _configuration(check: Any) -> dict[str, Any]:
    return {
        "type": check.type,
        "kwargs": dict(check.kwargs),
        "meta": {"rule": check.rule, "reason": {"en": check.reason.en, "zh": check.reason.zh}},
        "severity": check.severity,
    }


def _assert_complete(suite: Suite, rules: Any, done: str) -> None:
    missing = [check.rule for check in suite.checks if check.rule not in set(rules)]
    if missing or len(list(rules)) != len(suite.checks):
        raise GateError(
            f"Great Expectations has not {done} every check: {', '.join(missing) or 'one is there twice'}",
            where=str(suite.path),
            do="look for the reason in the task's log above, correct the suite, then judge the batch again",
        )


def _rule_verdict(result: Any, rows: int) -> RuleVerdict:
    rule = result.expectation_config.meta["rule"]
    exception = _exception(result.exception_info)
    found = result.result
    if exception or not found:
        return RuleVerdict(rule, 0, 0, exception or "it gave no result")
    if "unexpected_count" in found:
        failing = int(found["unexpected_count"] or 0)  # null where there is no row at all
        return RuleVerdict(rule, rows - int(found.get("missing_count", 0)), failing)
    return RuleVerdict(rule, rows, int(found["observed_value"]))  # a query of its own: the rows it selects


def _exception(info: Mapping[str, Any]) -> str | None:
    """The message of a check's exception; it comes alone, or by metric."""
    if "raised_exception" in info:
        return str(info["exception_message"]) if info["raised_exception"] else None
    messages = {str(each["exception_message"]) for each in info.values() if each.get("raised_exception")}
    return "; ".join(sorted(messages)) or None
