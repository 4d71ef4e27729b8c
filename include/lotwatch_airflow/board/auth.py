"""Who may look at the board: the one place that touches Airflow's internal security module.

Airflow mounts a plugin's app without authentication, so every route of the board depends on `require_reader`.
"""

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import HTTPException, status


def require_reader(user: GetUserDep) -> None:
    """Let pass whoever is logged in (cookie or bearer token) and may read Airflow's own pages.

    Raises HTTPException: 401 without a login, 403 for a user without a role.
    """
    if not get_auth_manager().is_authorized_view(access_view=AccessView.WEBSITE, user=user):
        raise HTTPException(status.HTTP_403_FORBIDDEN)
