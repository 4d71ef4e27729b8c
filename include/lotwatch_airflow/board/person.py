"""Who asks for a page, and what they may do; what they may see is the database's to say."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException

from lotwatch_airflow.roles import load_roles


class Refused(HTTPException):
    """Answered with 403 and the board's page that says why: `reason` is the key of its text below `error`."""

    def __init__(self, reason: str) -> None:
        super().__init__(403)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is logged in to Airflow: the name of their login, and what Airflow calls their roles."""

    name: str
    roles: frozenset[str]

    def may(self, permission: str) -> bool:
        """Whether a role allows it on the board, such as `approve_count` or `release_hold:quality` (see roles.yaml)."""
        return permission in load_roles().permissions(self.roles)

    def need(self, permission: str) -> None:
        """Raise Refused unless a role allows it."""
        if not self.may(permission):
            raise Refused("may_not")
