"""What is asked of a supplier or carrier because of which rule's alerts, from `include/config/exceptions.yaml`."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Annotated, Literal

from pydantic import Field

from lotwatch.actions.tasks import Role
from lotwatch.config import Duration, Strict, Words, read_config
from lotwatch.errors import LotwatchError
from lotwatch.paths import EXCEPTIONS

#: a new time of arrival or a confirmation; a claim number; the cause and what is done about it
Asks = Literal["date", "claim", "measures"]


class Terms(Strict):
    """`rules`: whose alerts ask for it. An answer is due `within` a time after its approval. `missing`: of a delivery that arrived,
    only what did not is listed."""

    title: Words
    rules: tuple[str, ...] = Field(min_length=1)
    asks: Asks
    role: Role
    within: Annotated[Duration, Field(le=timedelta(days=365))]
    missing: bool = False


@cache
def load_exceptions() -> Mapping[str, Terms]:
    """The cases by name. Raises LotwatchError naming the file, the field, or a rule that asks for two."""
    found: dict[str, Terms] = read_config(EXCEPTIONS, dict[str, Terms], "The exceptions")
    asked = Counter(rule for each in found.values() for rule in each.rules)
    if twice := sorted(rule for rule, count in asked.items() if count > 1):
        raise LotwatchError(
            f"The exceptions cannot be used: {', '.join(twice)} is named twice",
            where=str(EXCEPTIONS),
            do="name a rule in one of them",
        )
    return found
