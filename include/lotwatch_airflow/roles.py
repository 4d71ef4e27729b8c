"""The roles of `roles.yaml`: what each may do in Airflow and on the board."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import yaml
from pydantic import Field, model_validator

from lotwatch.config import Strict

_ACTIONS = {"read": "can_read", "create": "can_create", "edit": "can_edit", "menu": "menu_access"}


class Role(Strict):
    """A role: bundles of Airflow's permissions, or Airflow's own role `built_in`; what it may do on the board."""

    airflow: tuple[str, ...] = ()
    may: frozenset[str] = Field(default=frozenset())
    formerly: str | None = None
    built_in: str | None = None


class Roles(Strict):
    """All roles by name."""

    abilities: dict[str, tuple[str, ...]]
    roles: dict[str, Role]

    @model_validator(mode="after")
    def _check_names(self) -> "Roles":
        for name, role in self.roles.items():
            if unknown := set(role.airflow) - set(self.abilities):
                raise ValueError(f"{name} has unknown abilities: {', '.join(sorted(unknown))}")
            if bool(role.airflow) == bool(role.built_in):
                raise ValueError(f"{name} has either abilities or is a role of Airflow's")
        return self

    def airflow_name(self, name: str) -> str:
        """What Airflow calls the role."""
        return self.roles[name].built_in or name

    def airflow_permissions(self, name: str) -> list[tuple[str, str]]:
        """(action, resource) in Airflow's words, for a role of ours."""
        words = (line.split(" ", 1) for ability in self.roles[name].airflow for line in self.abilities[ability])
        return sorted({(_ACTIONS[action], resource) for action, resource in words})

    def permissions(self, airflow_names: Iterable[str]) -> frozenset[str]:
        """What somebody with these roles of Airflow may do on the board; roles that are not ours add nothing."""
        held = set(airflow_names)
        return frozenset[str]().union(*(r.may for name, r in self.roles.items() if self.airflow_name(name) in held))


@cache
def load_roles() -> Roles:
    """The table of roles. Raises pydantic.ValidationError for one that cannot be meant."""
    return Roles.model_validate(yaml.safe_load(files(__package__).joinpath("roles.yaml").read_text(encoding="utf-8")))
