"""Another system's tables into ours by a mapping file: dropped files, a database's views, OData and REST interfaces.

The kinds of sources differ in where rows come from; what their columns mean is said by the mapping file alone.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from lotwatch.config import Strict
from lotwatch.errors import SourceError
from lotwatch.sources.connector import Login
from lotwatch.sources.tables.connector import Tables, load_jobs
from lotwatch.sources.tables.database import Database
from lotwatch.sources.tables.folder import Complete, Folder, GivenFiles, assign
from lotwatch.sources.tables.mapping import load_mapping, mapping_path
from lotwatch.sources.tables.odata import ODataService
from lotwatch.sources.tables.rest import RestService

__all__ = ["drop_folder", "given_files", "odata", "rest_json", "sql_query"]


class _Options(Strict):
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


def given_files(mapping: Path, files: Sequence[Path], entity: str | None = None, feed: str | None = None) -> Tables:
    """Files that a person names, read by a mapping of any kind: what was exported from a table reads as the table."""
    assigned = assign(load_jobs(mapping), files, entity, feed)
    tables = Tables("file", mapping.resolve(), GivenFiles(assigned))
    tables.entities = tuple(each for each in tables.entities if any(each == owner for owner, _ in assigned))
    return tables


class QueryOptions(_Options):
    """`driver` is SQLAlchemy's, where the connection's kind does not say it: mssql+pyodbc, oracle+oracledb."""

    driver: str | None = None
    statement_seconds: int = Field(default=300, ge=1, le=86_400)


def sql_query(login: Login, **options: Any) -> Tables:
    """Views and queries of a database, read-only."""
    chosen = QueryOptions(**options)
    zone = load_mapping(mapping_path(chosen.mapping))[0].time_zone
    reader = Database(login, chosen.driver, chosen.statement_seconds, zone)
    return Tables("sql_query", chosen.mapping, reader)


def odata(login: Login, **options: Any) -> Tables:
    """Entity sets of OData services, version 2 or 4."""
    reader = ODataService(login)
    tables = Tables("odata", _Options(**options).mapping, reader)
    reader.expect(tables.jobs)
    return tables


def rest_json(login: Login, **options: Any) -> Tables:
    """Lists of JSON interfaces, by GET or POST."""
    chosen = _Options(**options)
    mapping, _ = load_mapping(mapping_path(chosen.mapping))
    return Tables("rest_json", chosen.mapping, RestService(login, mapping))
