"""Reads a file of `include/config`, which people edit: what is wrong with it is said with its name; and what such files have in
common."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, TypeAdapter, ValidationError

from lotwatch.errors import LotwatchError

Shape = TypeVar("Shape")


_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def duration(value: object) -> object:
    """The length of `30m`, `4h` or `2d`; anything else is given back as it is."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})([mhd])", value) if isinstance(value, str) else None
    if found is None:
        return value
    return int(found[1]) * _UNITS[found[2]]


def _duration(value: object) -> timedelta:
    length = duration(value)
    if isinstance(length, timedelta):
        return length
    raise ValueError("a time is written 30m, 4h or 2d")


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(lambda value: f"{value // _UNITS['m']}m", return_type=str, when_used="json"),
]


class Strict(BaseModel):
    """What is read from people or other systems: it takes no field that it does not know, and does not change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(Strict):
    """The same in both languages."""

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
