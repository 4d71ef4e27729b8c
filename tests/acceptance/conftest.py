"""What only acceptance tests need ends with them: an idle Airflow takes a third of a core from all that comes later."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from lotwatch_local import airflow
from lotwatch_local.supervisor import Supervisor


@pytest.fixture(scope="package", autouse=True)
def airflow_ends_here(supervisor: Supervisor) -> Iterator[None]:
    yield
    with ThreadPoolExecutor() as pool:  # each part takes its time to end
        list(pool.map(supervisor.stop, airflow.HEALTH))
