"""Reads a file of `include/config`, which people edit: what is wrong with it is said with its name."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from lotwatch.errors import LotwatchError

Shape = TypeVar("Shape")


def _duration(value: object) -> object:
    """`30m`, `4h` or `2d`."""
    found = re.fullmatch(r"([1-9][0-9]{0,3})([mhd])", value) if isinstance(value, str) else None
    if found is None:
        return value
    return timedelta(**{{"m": "minutes", "h": "hours", "d": "days"}[found[2]]: int(found[1])})


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class Words(BaseModel):
    """The same in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


def read_config(path: Path, shape: type[Shape] | Any, what: str) -> Shape:
    """The YAML file as `shape` (a pydantic model or anything a TypeAdapter takes); an empty file is an empty mapping.

    `what` says what the file holds ("The budgets cannot be used: ..."). Raises LotwatchError naming the file and the field.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        read: Shape = TypeAdapter(shape).validate_python({} if content is None else content)
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise LotwatchError(f"{what} cannot be used: {error}", where=str(path), do="correct the file") from error
    return read
