"""Which warehouse system keeps the stock of which sites, from `include/config/warehouses.yaml`."""

from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Literal

from pydantic import Field

from lotwatch.config import Strict, read_config
from lotwatch.paths import WAREHOUSES

TaskKind = Literal["hold", "release", "transfer", "pick", "priority", "call_back"]


class Warehouse(Strict):
    """A warehouse system: how it is written to, the source through which its movements come back, and its sites.

    `sites` are codes or patterns with `*`. `blocked` is the code of the place where a site puts what is held, with
    `{site}` for the site's code; a site without such a place is told of holds by people alone. `writes` are the kinds of
    task that it takes.
    """

    kind: Literal["tryton"]
    connection: str
    source: str
    sites: tuple[str, ...] = Field(min_length=1)
    blocked: str = Field(default="{site}-BLOCKED", pattern=r".")
    writes: frozenset[TaskKind] = frozenset({"hold", "release", "transfer", "pick", "priority", "call_back"})
    options: dict[str, Any] = Field(default={})

    @property
    def site_patterns(self) -> list[str]:
        """`sites` as LIKE has it."""
        literal = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})
        return [pattern.translate(literal).replace("*", "%") for pattern in self.sites]


@cache
def load_warehouses() -> dict[str, Warehouse]:
    """The warehouse systems by name. Raises LotwatchError naming the file and the warehouse."""
    warehouses: dict[str, Warehouse] = read_config(WAREHOUSES, dict[str, Warehouse], "The warehouse systems")
    return warehouses


def warehouse_of(site_code: str, kind: TaskKind) -> str | None:
    """The name of the warehouse system that keeps a site's stock and takes such a task; None where there is none."""
    return next(
        (
            name
            for name, known in load_warehouses().items()
            if kind in known.writes and any(fnmatchcase(site_code, pattern) for pattern in known.sites)
        ),
        None,
    )
