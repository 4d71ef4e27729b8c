"""Who looks at the board: the one place that touches Airflow's internal security module.

Airflow mounts a plugin's app without authentication, so every route of the board depends on `signed_in`.
"""

from typing import Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Depends, HTTPException, Request, status

from lotwatch_airflow.board.person import Person


def signed_in(user: GetUserDep) -> Person:
    """Whoever is logged in (cookie or bearer token) and may read Airflow's own pages.

    Raises HTTPException: 401 without a login, 403 for a user without a role.
    """
    if not get_auth_manager().is_authorized_view(access_view=AccessView.WEBSITE, user=user):
        raise HTTPException(status.HTTP_403_FORBIDDEN)
    return Person(user.get_name(), frozenset(role.name for role in getattr(user, "roles", ())))


def session_of(request: Request) -> str:
    """What Airflow knows this login by: another after each login."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    return bearer or request.cookies.get(COOKIE_NAME_JWT_TOKEN, "")


PersonDep = Annotated[Person, Depends(signed_in)]
