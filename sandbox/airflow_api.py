"""Airflow's REST API as an ops user would use it."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import requests
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from lotwatch_local.waiting import wait_for

#: a task that has just begun to wait for a person may fail when it is answered at once (seconds)
SETTLE = 5
_ENDED = {"success", "failed"}

#: seconds; of a machine that is busy with other things, too
PATIENCE = 900


class Airflow:
    """A logged-in user."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._session = requests.Session()
        answer = self._session.post(f"{url}/auth/token", json={"username": user, "password": password}, timeout=60)
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """Call `/api/v2<path>`; raises requests.HTTPError with the server's words."""
        answer = self._session.request(method, f"{self.url}/api/v2{path}", timeout=60, **arguments)
        if not answer.ok:
            raise requests.HTTPError(f"{method} {path}: {answer.status_code} {answer.text[:500]}", response=answer)
        return answer.json() if answer.content else None

    @retry(
        retry=retry_if_exception_type(requests.HTTPError), stop=stop_after_delay(300), wait=wait_fixed(1), reraise=True
    )
    def unpause(self, dag_id: str) -> bool:
        """Un-pause a DAG, waiting until it has been parsed; False when it was not paused."""
        was_paused = bool(self.call("GET", f"/dags/{dag_id}")["is_paused"])
        self.call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})
        return was_paused

    def parse(self, dag_id: str) -> None:
        """Have a DAG's file read now, not within the minute in which it would be by itself."""
        token = self.call("GET", f"/dags/{dag_id}")["file_token"]
        self.call("PUT", f"/parseDagFile/{token}")

    def trigger(self, dag_id: str, **params: Any) -> str:
        """Start a run by hand, with params; returns its id."""
        body = {"logical_date": None, "conf": params}
        return self.call("POST", f"/dags/{dag_id}/dagRuns", json=body)["dag_run_id"]

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """All runs of a DAG, oldest first."""
        return self.call("GET", f"/dags/{dag_id}/dagRuns", params={"limit": 1000, "order_by": "run_after"})["dag_runs"]

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a run."""
        return self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", params={"limit": 1000})[
            "task_instances"
        ]

    def wait_for_run(self, dag_id: str, run_id: str, seconds: float = PATIENCE) -> str:
        """Wait until a run has ended; returns its state."""

        def state() -> str:
            found = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"]
            return found if found in _ENDED else ""

        return wait_for(state, f"{dag_id} {run_id} to end", seconds)

    def wait_until_idle(self, dag_id: str, seconds: float = PATIENCE) -> list[dict[str, Any]]:
        """Wait until a DAG has had a run and none is queued or running; returns its runs."""

        def ended() -> list[dict[str, Any]]:
            found = self.runs(dag_id)
            return found if found and all(run["state"] in _ENDED for run in found) else []

        return wait_for(ended, f"{dag_id} to end", seconds)

    def questions(self) -> list[dict[str, Any]]:
        """What waits for a person's answer."""
        parameters: dict[str, Any] = {"response_received": False, "state": "awaiting_input", "limit": 1000}
        return self.call("GET", "/dags/~/dagRuns/~/hitlDetails", params=parameters)["hitl_details"]

    def answer_until(
        self, choose: Callable[[str], str | None], done: Callable[[], bool], what: str, seconds: float = PATIENCE
    ) -> None:
        """Answer what is asked, and asked again, until `done`. `choose` takes a question's subject; None leaves it waiting.

        A question is answered once it has settled. Under load that may still be too early: its task then fails, is
        tried again by itself and asks anew; it is then given twice the time.
        """
        since: dict[str, float] = {}
        asked_before: Counter[str] = Counter()

        def answer_settled() -> bool:
            for question in self.questions():
                task, subject = question["task_instance"], question["subject"]
                asked = f"{task['id']} {task['try_number']}"
                option = choose(subject)
                settle = SETTLE * 2 ** asked_before[subject]
                if option and time.monotonic() - since.setdefault(asked, time.monotonic()) > settle:
                    self.answer(question, option)
                    asked_before[subject] += 1
            return done()

        wait_for(answer_settled, what, seconds)

    def answer(self, question: dict[str, Any], option: str, note: str = "") -> None:
        """Answer a question (Approve or Reject)."""
        ti = question["task_instance"]
        path = f"/dags/{ti['dag_id']}/dagRuns/{ti['dag_run_id']}/taskInstances/{ti['task_id']}/{ti['map_index']}/hitlDetails"
        self.call("PATCH", path, json={"chosen_options": [option], "params_input": {"note": note}})

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1) -> str:
        """The log of a task's try, as text."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        content = self.call("GET", path, params={"map_index": map_index, "full_content": True})["content"]
        return "\n".join(_lines(content))


def _lines(content: Any) -> Iterator[str]:
    for entry in content if isinstance(content, list) else [content]:
        if isinstance(entry, dict):
            yield " ".join(str(value) for value in entry.values())
        else:
            yield str(entry)
