"""The systems that are read, from `include/config/sources.yaml`.

A new source of a known kind is an entry there and an Airflow connection; a new kind is a module with a function that
takes a login and options, and a line in `KINDS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Self, cast

from pydantic import Field, ValidationError, field_validator, model_validator

from lotwatch.config import Strict, read_config
from lotwatch.errors import LotwatchError, SourceError, nearest
from lotwatch.paths import SOURCES
from lotwatch.sources.connector import Connector, Login, Receiver


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source: what reads it, and what reads the bodies it pushes ("module:function", imported when needed).

    `pull(login, **options)` makes a Connector, `push(**options)` a Receiver; None: it cannot.
    """

    pull: str | None = None
    push: str | None = None


KINDS: dict[str, Kind] = {
    "epcis": Kind(pull="lotwatch.sources.epcis:pull", push="lotwatch.sources.epcis:push"),
    "tryton_warehouse": Kind(pull="lotwatch.sources.tryton:warehouse"),
    "tryton_procurement": Kind(pull="lotwatch.sources.tryton:procurement"),
    "tryton_quality": Kind(pull="lotwatch.sources.tryton:quality"),
    "ubl_despatch_advice": Kind(pull="lotwatch.sources.ubl:pull", push="lotwatch.sources.ubl:push"),
    "openfda": Kind(pull="lotwatch.sources.openfda:pull"),
    "openfda_events": Kind(pull="lotwatch.sources.openfda:pull_events"),
    "gs1_recall": Kind(push="lotwatch.sources.gs1_recall:push"),
    "gudid": Kind(pull="lotwatch.sources.devices:gudid"),
    "gudid_table": Kind(pull="lotwatch.sources.devices:gudid_table"),
    "nmpa_udid": Kind(pull="lotwatch.sources.devices:nmpa", push="lotwatch.sources.devices:nmpa_push"),
    "fhir": Kind(pull="lotwatch.sources.fhir:pull", push="lotwatch.sources.fhir:push"),
    "drop_folder": Kind(pull="lotwatch.sources.tables:drop_folder"),
    "sql_query": Kind(pull="lotwatch.sources.tables:sql_query"),
    "odata": Kind(pull="lotwatch.sources.tables:odata"),
    "rest_json": Kind(pull="lotwatch.sources.tables:rest_json"),
    "rows": Kind(push="lotwatch.sources.rows:receiver"),
    # no records, but suppliers' answers: whoever keeps those reads them
    "order_answers": Kind(push="lotwatch.delivery.portals.push:Reader"),
}


class Limit(Strict):
    """Too much: more than `share` (0 to 1) of an entity's records, and at least `rows`. A batch of which so much is newly
    bad is stopped, and a reconciliation that misses so much is not believed."""

    share: float = Field(default=0.20, ge=0, le=1)
    rows: int = Field(default=20, ge=1)


class Source(Strict):
    """One source: its kind of connector, the Airflow connections with addresses and secrets, when it is read (cron, UTC).

    `schedule` null: it is never read, it only pushes. `push` names the Airflow connection that holds the keys with which
    the source signs what it pushes; null: it may not push. `entities` reads fewer than the kind can, in the kind's order.
    `reconcile_hours`: how often it is asked for all that it has, where the kind can tell, to withdraw what vanished
    (null: never), unless that is more than `vanishing`.
    """

    kind: str
    connection: str | None = None
    schedule: str | None = None
    push: str | None = None
    entities: tuple[str, ...] | None = None
    thresholds: Mapping[str, Limit] = {}
    reconcile_hours: float | None = Field(default=24, gt=0)
    vanishing: Limit = Limit()
    options: dict[str, Any] = Field(default={})

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind not in KINDS:
            raise ValueError(f'"{kind}" is no kind of source: {nearest(kind, KINDS)}')
        return kind

    @model_validator(mode="after")
    def _possible(self) -> Self:
        kind = KINDS[self.kind]
        if self.schedule is None and self.push is None:
            raise ValueError("it is neither read (schedule) nor may it push (push)")
        if self.schedule is not None and (kind.pull is None or self.connection is None):
            raise ValueError("what is read on a schedule needs a connection, and a kind that can be read")
        if self.push is not None and kind.push is None:
            raise ValueError(f"what is of kind {self.kind} cannot push")
        return self


@cache
def load_sources(path: Path = SOURCES) -> dict[str, Source]:
    """The registry by source name. Raises LotwatchError naming the file and the source."""
    sources: dict[str, Source] = read_config(path, dict[str, Source], "The registry of sources")
    return sources


def source(name: str) -> Source:
    """One source of the registry. Raises LotwatchError for a name that is not in it."""
    sources = load_sources()
    if name not in sources:
        raise LotwatchError(f'"{name}" is no source', where=str(SOURCES), do=nearest(name, sources))
    return sources[name]


def connector(source: Source, login: Login) -> Connector:
    """The connector of a source. Raises SourceError for options or entities that its kind does not have."""
    made = cast("Connector", _made(source, KINDS[source.kind].pull, login))
    if source.entities is None:
        return made
    unknown = [entity for entity in source.entities if entity not in made.entities]
    if unknown:
        what = f"A {source.kind} has no {', '.join(unknown)}"
        raise SourceError(what, where=str(SOURCES), do=nearest(unknown[0], made.entities))
    made.entities = tuple(entity for entity in made.entities if entity in source.entities)
    return made


def receiver(source: Source) -> Receiver:
    """What reads the bodies that a source pushes. Raises SourceError as `connector` does."""
    return cast("Receiver", _made(source, KINDS[source.kind].push))


def _made(source: Source, target: str | None, *arguments: Any) -> Any:
    if target is None:
        raise SourceError(f"What is of kind {source.kind} cannot do this", do="choose another kind of source")
    module, function = target.split(":")
    try:
        return getattr(import_module(module), function)(*arguments, **source.options)
    except (ValidationError, TypeError) as error:
        raise SourceError(
            f"The options of a {source.kind} cannot be used: {error}", where=str(SOURCES), do="correct its `options`"
        ) from error
