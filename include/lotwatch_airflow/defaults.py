"""What every DAG has in common."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lotwatch_airflow.failure import TellOps, TellRetry

DEFAULTS: dict[str, Any] = {
    "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    "catchup": False,
    "default_args": {"owner": "ops", "on_failure_callback": TellOps(), "on_retry_callback": TellRetry()},
}


def data_docs() -> Path:
    """Where Great Expectations keeps its results and pages."""
    return Path(os.environ.get("LOTWATCH_HOME", "data")) / "data_docs"
