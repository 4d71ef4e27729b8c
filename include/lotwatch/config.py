"""Reads a file of `include/config`, which people edit: what is wrong with it is said with its name."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from lotwatch.errors import LotwatchError

Shape = TypeVar("Shape")


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
