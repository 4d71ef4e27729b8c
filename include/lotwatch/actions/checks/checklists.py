"""What is looked at, counted or relabelled because of which rule's alerts, from `include/config/checklists.yaml`."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Annotated, Literal

from pydantic import Field

from lotwatch.actions.tasks import Role
from lotwatch.config import Duration, Strict, Words, read_config
from lotwatch.errors import LotwatchError
from lotwatch.paths import CHECKLISTS


class Checklist(Strict):
    """`kind`: a check, whose failure blocks the lot, or a work order. `rules`: whose alerts ask for it. It is due `within` a time
    after it was approved. Each of its `points` is answered when it is closed."""

    kind: Literal["check", "inspection", "count", "relabel"]
    title: Words
    rules: tuple[str, ...] = Field(min_length=1)
    role: Role
    within: Annotated[Duration, Field(le=timedelta(days=365))]
    points: Mapping[Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,39}$")], Words] = Field(min_length=1)

    @property
    def action(self) -> Literal["check", "work_order"]:
        """The action of a rule that asks for it."""
        return "check" if self.kind == "check" else "work_order"


@cache
def load_checklists() -> Mapping[str, Checklist]:
    """The checklists by name. Raises LotwatchError naming the file, the field, or a rule that asks for two of one action."""
    found: dict[str, Checklist] = read_config(CHECKLISTS, dict[str, Checklist], "The checklists")
    asked = Counter((rule, each.action) for each in found.values() for rule in each.rules)
    if twice := sorted(rule for (rule, _), count in asked.items() if count > 1):
        raise LotwatchError(
            f"The checklists cannot be used: {', '.join(twice)} is named by two of one kind",
            where=str(CHECKLISTS),
            do="name a rule in one check and one work order at most",
        )
    return found
