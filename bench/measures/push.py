"""The inbox of a real Airflow: what its API server takes, what becomes of it, and what that costs its other routes."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from statistics import quantiles
from threading import Event, Thread
from typing import Any

from bench.figures import Figure, Yardstick
from bench.world import World
from lotwatch.db.query import query
from lotwatch_airflow.inbox import MOUNT
from lotwatch_local import airflow, stack
from lotwatch_local.settings import PROJECT
from lotwatch_local.stack import console
from lotwatch_local.supervisor import Supervisor
from lotwatch_local.waiting import wait_for
from sandbox.airflow_api import Airflow

#: the rate that must be borne, for how long, and in how many events a message
_RATE, _SECONDS, _EVENTS = 2_000, 60, 50
#: above what any sender reaches: what a source is allowed by default is not what is measured
_UNLIMITED = 100_000


def measure_push(world: World) -> Iterator[Figure]:
    """Events through the real API server, scheduler and triggerer; only `handle_events` is awake. Ends when one is lost."""
    with _site(world) as site:
        quiet = Yardstick("the same, nothing pushed", site.route_p95(15))
        yield from _one_by_one(site)
        for case, seconds, rate, events, open_ in (
            ("2,000 events/s in messages of 50", _SECONDS, _RATE / _EVENTS, _EVENTS, 16),
            ("single events, as fast as answered", 10, 0, 1, 8),
            ("messages of 500, as fast as answered", 10, 0, 500, 80),
        ):
            told, p95 = site.push_and_watch(seconds, rate, events, open_)
            console.print(f"          {case}: answers {told['statuses']}, Retry-After {told['retry_after']}")
            yield Figure("push", f"{case}: accepted", told["events"], "events", told["seconds"])
            yield Figure("push", f"{case}: a message's answer, p95", 1, "messages", _p95(told["times"]))
            yield Figure("push", f"{case}: GET /api/v2/dags, p95", 1, "requests", p95, quiet)
            drained = site.wait_until_posted()
            yield Figure("push", f"{case}: posted after", told["events"], "events", told["seconds"] + drained)


def _one_by_one(site: "_Site") -> Iterator[Figure]:
    times = []
    for _ in range(11):
        told = site.push(1, 1, 1, 1)
        times.append(site.wait_for_event(told) - told["began"])
    times.sort()
    yield Figure("push", "a single event, POST to posted, median of 11", 1, "events", times[len(times) // 2])
    yield Figure("push", "a single event, POST to posted, slowest of 11", 1, "events", times[-1])


class _Site:
    def __init__(self, world: World, ops: Airflow) -> None:
        self._world, self._ops = world, ops
        self._url = f"{world.settings.airflow_url}{MOUNT}/v1/events"
        self._first = 0
        self._accepted = 0
        with world.connect() as conn:
            self._known = conn.execute(query(__package__, "known_lots")).fetchall()

    def push(self, seconds: float, rate: float, events: int, open_: int) -> dict[str, Any]:
        """What came of pushing from another process; raises AssertionError for answers that a sender may not be given."""
        told: dict[str, Any] = {
            "url": self._url,
            "secret": self._world.settings.secrets["inbox_key"],
            "seconds": seconds,
            "messages_per_second": rate,
            "events": events,
            "open": open_,
            "known": self._known,
            "first": self._first,
        }
        self._first += 1_000_000
        began = time.time()
        done = subprocess.run(
            [sys.executable, "-m", "bench.sender"],
            input=json.dumps(told),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            cwd=PROJECT,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        assert found["statuses"].keys() <= {"202", "429", "503"}, found["statuses"]
        self._accepted += found["events"]
        return found | {"began": began, "first": told["first"]}

    def push_and_watch(self, seconds: float, rate: float, events: int, open_: int) -> tuple[dict[str, Any], float]:
        """Push, and the 95th percentile of another route's time meanwhile (seconds)."""
        ended, times = Event(), list[float]()
        watch = Thread(target=lambda: times.extend(self._route_times(ended)))
        watch.start()
        try:
            told = self.push(seconds, rate, events, open_)
        finally:
            ended.set()
            watch.join()
        return told, _p95(times)

    def route_p95(self, seconds: float) -> float:
        """The 95th percentile of a route's time (seconds), while nothing else happens."""
        ended, times = Event(), list[float]()
        watch = Thread(target=lambda: times.extend(self._route_times(ended)))
        watch.start()
        ended.wait(seconds)
        ended.set()
        watch.join()
        return _p95(times)

    def wait_for_event(self, told: Mapping[str, Any]) -> float:
        """When the first event of a push was posted (as time.time())."""
        key = f"pushed-{told['first']}-{told['first']}"
        with self._world.connect() as conn:
            conn.autocommit = True
            wait_for(lambda: conn.execute(query(__package__, "is_posted"), {"key": key}).fetchone()[0], key, 60, every=0.02)  # type: ignore[index]  # fmt: skip
        return time.time()

    def wait_until_posted(self) -> float:
        """Seconds until all that was accepted is posted. Raises AssertionError when one is lost or there twice."""
        began = time.monotonic()
        with self._world.connect() as conn:
            conn.autocommit = True

            def ended() -> bool:
                posted, waiting, kept = conn.execute(query(__package__, "count_pushed")).fetchone()  # type: ignore[misc]
                assert kept == self._accepted, (kept, self._accepted)
                assert posted <= kept
                return posted == kept and not waiting

            wait_for(ended, "all to be posted", 600, every=0.5)
        return time.monotonic() - began

    def _route_times(self, ended: Event) -> Iterator[float]:
        while not ended.wait(0.1):
            began = time.perf_counter()
            self._ops.call("GET", "/dags")
            yield time.perf_counter() - began


@contextmanager
def _site(world: World) -> Iterator[_Site]:
    """Airflow over the benchmark's database, its inbox watched and open to any rate; stopped again."""
    with awake(world, "handle_events", "inbox_filled") as ops:
        extra = json.dumps({"messages_per_second": _UNLIMITED})
        known = {"connection_id": "inbox_events", "conn_type": "http", "extra": extra}
        ops.call("PATCH", "/connections/inbox_events", params={"update_mask": "extra"}, json=known)
        yield _Site(world, ops)


@contextmanager
def awake(world: World, dag_id: str, asset: str) -> Iterator[Airflow]:
    """Airflow over the benchmark's database with one DAG awake, whose asset is watched; stopped again."""
    settings = world.settings
    supervisor = Supervisor(settings)
    programs = airflow.programs(settings)
    supervisor.load([stack.database_program(settings), *programs])
    try:
        stack.start_airflow(settings, supervisor)
        ops = Airflow(settings.airflow_url, "admin", settings.secrets["password_admin"])
        ops.unpause(dag_id)
        watched = {"name_pattern": asset}
        wait_for(lambda: ops.call("GET", "/assets", params=watched)["assets"][0]["watchers"], "the watcher", 180)
        yield ops
    finally:
        for program in programs:
            supervisor.stop(program.name)


def _p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]
