"""Who is told what, from `include/config/people.yaml`: addresses by role and language."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import RootModel

from lotwatch.config import read_config
from lotwatch.paths import PEOPLE


class People(RootModel[dict[str, dict[str, tuple[str, ...]]]]):
    """Addresses by role and language."""

    def of(self, roles: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Addresses of the roles by language, each once."""
        found: dict[str, dict[str, None]] = {}
        for role in roles:
            for lang, addresses in self.root.get(role, {}).items():
                found.setdefault(lang, {}).update(dict.fromkeys(addresses))
        return {lang: tuple(addresses) for lang, addresses in found.items()}


def load_people(path: Path = PEOPLE) -> People:
    """The ops team's list of who is told what. Raises LotwatchError for a file that cannot be used."""
    people: People = read_config(path, People, "The list of who is told")
    return people
