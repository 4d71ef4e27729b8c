"""The rules of the house for DAGs."""

import ast
import os
import subprocess
import sys
from inspect import iscoroutinefunction
from pathlib import Path

import pytest

from lotwatch.paths import PROJECT
from lotwatch.sources.registry import load_sources

DAGS = PROJECT / "dags"


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory):
    home = tmp_path_factory.mktemp("airflow")
    os.environ |= {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(PROJECT / "plugins")
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(DAGS))
    assert bag.import_errors == {}
    return bag.dags


def test_the_dags_are_those_of_the_manual(dags) -> None:
    syncs = {f"sync_{name}" for name, source in load_sources().items() if source.schedule}
    assert set(dags) == syncs | {
        "plan_policies",
        "watch_inventory",
        "ask_approval",
        "send_outbox",
        "keep_house",
        "handle_events",
        "referee_events",
        "replay_quarantine",
        "check_consistency",
        "respond_to_recall",
        "watch_recalls",
        "drill_recall",
        "receive_notices",
    }


def test_every_dag_has_an_owner_tags_and_a_manual_that_says_what_to_do(dags) -> None:
    for dag_id, dag in dags.items():
        assert dag.tags, dag_id
        assert dag.owner == "ops", dag_id
        assert dag.doc_md.strip().startswith("### "), dag_id
        assert "*When it fails*" in dag.doc_md, dag_id
        assert not dag.catchup, dag_id


def test_every_task_ends_and_tries_again_and_tells_ops_when_it_fails(dags) -> None:
    for dag_id, dag in dags.items():
        for task in dag.tasks:
            waits_for_a_person = task.task_id == "order.ask"
            assert waits_for_a_person or task.execution_timeout, (dag_id, task.task_id)
            assert task.retries, (dag_id, task.task_id)
            assert task.on_failure_callback, (dag_id, task.task_id)
            assert task.on_retry_callback, (dag_id, task.task_id)


def test_what_must_not_stand_still_has_a_deadline_that_the_triggerer_can_tell_of(dags) -> None:
    from airflow._shared.module_loading import import_string

    for dag_id in ("watch_inventory", "handle_events", "send_outbox", "receive_notices"):
        alert = dags[dag_id].deadline
        alert = alert[0] if isinstance(alert, list) else alert
        assert alert.callback.kwargs["dag_id"] == dag_id
        assert iscoroutinefunction(import_string(alert.callback.path)), dag_id


def test_only_tasks_that_may_skip_ring_a_bell(dags) -> None:
    """A backfilled producer would wake live consumers: whoever has outlets goes through `ring`, or is never backfilled."""
    for path in DAGS.glob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef) and any(
                "outlets" in ast.unparse(d) for d in function.decorator_list
            ):
                assert "ring(" in ast.unparse(function) or path.stem == "ask_approval", (path.name, function.name)


def test_dag_files_contain_no_sql_and_import_nothing_heavy() -> None:
    for path in DAGS.glob("*.py"):
        assert not any(word in path.read_text() for word in ("SELECT ", "INSERT ", "UPDATE ")), path.name
    heavy = "great_expectations", "pandas", "numba", "sendgrid", "ortools"
    script = (
        "import sys, time, airflow.sdk, airflow.providers.standard.operators.hitl, "
        "airflow.providers.postgres.hooks.postgres\n"
        "before = set(sys.modules)\n"
        "import runpy\n"
        f"for path in {[str(p) for p in DAGS.glob('*.py')]!r}: runpy.run_path(path)\n"
        f"print([name for name in {heavy!r} if name in set(sys.modules) - before])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_the_library_never_imports_airflow() -> None:
    for path in (PROJECT / "include" / "lotwatch").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] in {"airflow", "lotwatch_airflow"} for name in names), path


def test_no_sql_is_made_by_formatting_strings() -> None:
    words = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "MERGE ", "COPY ")
    for folder in ("lotwatch", "lotwatch_airflow", "lotwatch_local"):
        for path in (PROJECT / "include" / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.JoinedStr):
                    assert not ast.unparse(node)[2:].lstrip("'\"").startswith(words), (path, node.lineno)


def test_every_sql_file_says_what_it_answers() -> None:
    for path in Path(PROJECT / "include" / "lotwatch").rglob("*.sql"):
        if path.parent.name != "views":
            assert path.read_text(encoding="utf-8").startswith("-- "), path


def test_the_task_that_holds_loads_nothing_large_that_it_does_not_use() -> None:
    """It is a process of its own each time: on a busy machine a tenth of a second of importing is a second of waiting."""
    loaded = "import sys, lotwatch.jobs.recall; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()
    assert "psycopg" in told
    assert not {"biip", "great_expectations", "numpy"} & set(told)
