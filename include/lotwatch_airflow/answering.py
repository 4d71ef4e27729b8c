"""Answers that are given on the board or by a link: Airflow's question is answered as the same person, then ours is written."""

import logging
from typing import Literal, Protocol
from urllib.parse import quote

import httpx
from airflow.api_fastapi.app import get_auth_manager
from airflow.sdk import conf
from psycopg import Connection

from lotwatch import actions
from lotwatch.audit import RunContext

#: whether Airflow took an answer; `taken`: somebody else's came before; `gone`: it cannot be told, and ours counts alone
Told = Literal["told", "taken", "gone"]
_PATIENCE = 10  # seconds
_OPTIONS = {"approved": "Approve", "rejected": "Reject"}
#: seconds for which a login made for one answer is good
_LOGIN = 60
log = logging.getLogger(__name__)


class TellAirflow(Protocol):
    """Answers Airflow's question about `proposal` as the person whose login it is (None: nobody's, so it cannot)."""

    def __call__(
        self, proposal: actions.Proposal, answer: actions.Answer, note: str | None, login: str | None
    ) -> Told: ...


def give(
    conn: Connection, decision: actions.Decision, context: RunContext, tell: TellAirflow, login: str | None
) -> str:
    """Answer in Airflow, and write the decision; returns the proposal's state after it.

    Nobody else can answer in between. Raises NotTheirs, and TooLate where it was answered or changed before.
    """
    policies = actions.active_policies(conn)
    with conn.transaction():
        proposal = actions.may_answer(conn, decision, policies)
        if tell(proposal, decision.answer, decision.note, login) == "taken":
            raise actions.TooLate(f"{proposal.code} was answered a moment ago", where="Required Actions")
        return actions.decide(conn, decision, context, policies)


def tell_airflow(proposal: actions.Proposal, answer: actions.Answer, note: str | None, login: str | None) -> Told:
    """Answer under Required Actions, by the endpoint that Airflow's own page uses."""
    if login is None or proposal.asked_by_run is None or proposal.asked_number is None:
        return "gone"
    # the address by which tasks reach this server from within
    server = conf.get("core", "execution_api_server_url", fallback="") or conf.get("api", "base_url")
    path = (
        f"/api/v2/dags/ask_approval/dagRuns/{quote(proposal.asked_by_run, safe='')}"
        f"/taskInstances/order.ask/{proposal.asked_number}/hitlDetails"
    )
    body = {"chosen_options": [_OPTIONS[answer]], "params_input": {"note": note or ""}}
    try:
        answered = httpx.patch(
            server.rstrip("/").removesuffix("/execution") + path,
            json=body,
            headers={"Authorization": f"Bearer {login}"},
            timeout=_PATIENCE,
        )
    except httpx.HTTPError as error:
        log.warning("Airflow could not be told of the answer to %s: %r", proposal.code, error)
        return "gone"
    if answered.status_code == httpx.codes.CONFLICT:
        return "taken"
    if not answered.is_success:
        log.warning("Airflow did not take the answer to %s: %s", proposal.code, answered.status_code)
        return "gone"
    return "told"


def login_of(user_name: str) -> str | None:
    """A login of a minute for somebody who is known to Airflow; None for who is not, or is no longer active."""
    from airflow.providers.fab.auth_manager.models import User
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        user = session.scalars(select(User).where(User.username == user_name)).one_or_none()
        if user is None or not user.is_active:
            return None
        return get_auth_manager().generate_jwt(user, expiration_time_in_seconds=_LOGIN)
