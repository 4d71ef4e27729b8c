"""The systems that are read, from `include/config/sources.yaml`."""

from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from lotwatch.errors import LotwatchError
from lotwatch.paths import SOURCES
from lotwatch.sources.connector import Connector


class Source(BaseModel):
    """One source: its kind of connector, the Airflow connection with address and secret, and when it is read (cron, UTC)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["tryton_warehouse", "tryton_procurement", "tryton_quality"]
    connection: str
    schedule: str
    options: dict[str, Any] = {}


@cache
def load_sources(path: Path = SOURCES) -> dict[str, Source]:
    """The registry by source name. Raises LotwatchError naming the file and the source."""
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        return TypeAdapter(dict[str, Source]).validate_python(entries)
    except (yaml.YAMLError, ValidationError) as error:
        raise LotwatchError(f"The registry of sources cannot be used: {error}", where=str(path)) from error


def connector(source: Source, url: str, database: str, user: str, password: str) -> Connector:
    """The connector of a source, for an address and a login."""
    from lotwatch.sources.tryton import TrytonConnector, TrytonProcurement, TrytonQuality, TrytonWarehouse, connect

    kinds: dict[str, type[TrytonConnector]] = {
        "tryton_warehouse": TrytonWarehouse,
        "tryton_procurement": TrytonProcurement,
        "tryton_quality": TrytonQuality,
    }
    return kinds[source.kind](connect(url, database, user, password), **source.options)
