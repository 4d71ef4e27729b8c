"""Another system's tables into ours by a mapping file: dropped files, a database's views, OData and REST interfaces.

The kinds of sources differ in where rows come from; what their columns mean is said by the mapping file alone.
"""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Login
from lotwatch.sources.tables.connector import Tables
from lotwatch.sources.tables.folder import Complete, Folder

__all__ = ["drop_folder"]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    #: the mapping file, below include/config/mappings
    mapping: str


class FolderOptions(_Options):
    """`folder` is below the path in the connection's extra; `complete` and `move_to` are explained in `folder`."""

    folder: str = ""
    complete: Complete = "unchanged"
    move_to: str | None = None

    @field_validator("folder", "move_to")
    @classmethod
    def _below(cls, name: str | None) -> str | None:
        if name is not None and (Path(name).is_absolute() or ".." in Path(name).parts):
            raise ValueError("it is a folder below the connection's path")
        return name


def drop_folder(login: Login, **options: Any) -> Tables:
    """Files dropped into a folder: the `path` in the connection's extra."""
    chosen = FolderOptions(**options)
    path = login.extra.get("path")
    if not path:
        raise SourceError(
            "The connection does not say which folder it is", where=f"mapping {chosen.mapping}",
            do='write it into the connection\'s extra: {"path": "/data/drop"}',
        )  # fmt: skip
    reader = Folder(Path(path) / chosen.folder, chosen.complete, chosen.move_to)
    tables = Tables("drop_folder", chosen.mapping, reader)
    reader.expect(tables.jobs)
    return tables
