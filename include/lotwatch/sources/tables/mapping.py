"""The mapping file: what another system's tables are called, and how their columns become ours.

One file describes one system. It is checked as it is loaded: a mistake is an error with its line and column, the
entity and the field, and the nearest name that exists. See docs/sources/README.md for the reference.
"""

import re
from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic import (
    Field as Option,
)
from pydantic_core import PydanticCustomError

from lotwatch.errors import SourceError, nearest
from lotwatch.paths import MAPPINGS
from lotwatch.sources.tables.document import Document, Place, read_document

UdiPart = Literal[
    "di", "lot_number", "serial_number", "manufactured_on", "usable_through", "quantity", "agency", "package_level"
]
DATE_FORMATS = ("iso", "yyyymmdd", "dd.mm.yyyy", "dd/mm/yyyy", "mm/dd/yyyy", "odata", "excel", "unix", "unix_ms")
#: what a reader knows about a row beside its columns
CIRCUMSTANCES = ("$read_at", "$file", "$row")
_JSON_KEYS = ("body", "params", "ok", "failed")
_DURATION = re.compile(r"(\d+)\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_many)]


class Strict(BaseModel):
    """A part of the file: a key that it does not know is told with the nearest that it does."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    #: the key that a lone text stands for
    shorthand: ClassVar[str] = ""

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:
        if isinstance(given, str) and cls.shorthand:
            return {cls.shorthand: given}
        if not isinstance(given, dict):
            return given
        names = [field.alias or name for name, field in cls.model_fields.items()]
        for key in given:
            if key not in names:
                raise _mistake(f'"{key}" means nothing here: {nearest(key, names)}', key)
        return given


def _mistake(what: str, *place: str | int) -> PydanticCustomError:
    return PydanticCustomError("mistake", "{what}", {"what": what, "place": place})


class Test(Strict):
    """A condition on one column. A text or a list is short for `is`."""

    is_: Texts | None = Option(default=None, alias="is")
    not_: Texts | None = Option(default=None, alias="not")
    like: str | None = None
    present: bool | None = None
    below: Decimal | None = None
    above: Decimal | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"is": given} if isinstance(given, str | list) else given

    @field_validator("like")
    @classmethod
    def _pattern(cls, text: str | None) -> str | None:
        return _checked_pattern(text)


Condition = dict[str, Test]


def _checked_pattern(text: str | None) -> str | None:
    try:
        re.compile(text or "")
    except re.error as error:
        raise ValueError(f"it is no regular expression: {error}") from None
    return text


class Split(Strict):
    """A part of a text: parts are between `at`, the first is number 1, the last number -1."""

    at: str = Option(min_length=1)
    part: int


class Field(Strict):
    """Where a column of ours comes from, and how it is read. A lone text is the name of their column."""

    shorthand: ClassVar[str] = "from"

    from_: str | None = Option(default=None, alias="from")
    value: str | None = None
    concat: tuple[str, ...] | None = None
    first: tuple[str, ...] | None = None
    key: Texts | None = None
    with_: str = Option(default="", alias="with")
    prefix: str = ""

    udi: UdiPart | None = None
    trim: bool = True
    strip_zeros: bool = False
    split: Split | None = None
    pattern: str | None = None
    empty: Texts | None = None
    map: dict[str, str] | None = None
    otherwise: str | None = None
    keep_unknown: bool = False
    format: Texts | None = None
    time: str | None = None
    time_zone: str | None = None
    decimal: Literal[".", ","] | None = None
    thousands: str | None = None
    absolute: bool = False
    multiply: Decimal | None = None
    times: Texts = ()
    over: Texts = ()
    yes: Texts | None = None
    no: Texts | None = None
    default: str | None = None
    required: bool = False

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = [name for name in ("from_", "value", "concat", "first", "key") if getattr(self, name) is not None]
        if len(origins) != 1:
            raise ValueError("say exactly one of from, value, concat, first, key")
        if (self.otherwise is not None or self.keep_unknown) and self.map is None:
            raise ValueError("otherwise and keep_unknown belong to a map")
        return self

    @field_validator("pattern")
    @classmethod
    def _pattern(cls, text: str | None) -> str | None:
        if _checked_pattern(text) is not None and re.compile(text or "").groups != 1:
            raise ValueError("it must have exactly one group: what is taken")
        return text

    @field_validator("format")
    @classmethod
    def _formats(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in names or ():
            if name not in DATE_FORMATS and "%" not in name:
                raise ValueError(f'"{name}" is no format of dates: {nearest(name, DATE_FORMATS)}, or write %d.%m.%y')
        return names

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str | None) -> str | None:
        return _checked_zone(name)

    def columns(self) -> Iterator[str]:
        """Their columns that it reads."""
        for name in ("from_", "time"):
            if getattr(self, name) is not None:
                yield getattr(self, name)
        for name in ("concat", "first", "key", "times", "over"):
            yield from getattr(self, name) or ()


def _checked_zone(name: str | None) -> str | None:
    try:
        ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f'"{name}" is not a time zone: write one such as Asia/Shanghai') from None
    return name


class Changed(Strict):
    """By which column it is seen what changed: reading resumes a little (`overlap`) before the highest value seen.

    `moment` is a time stamp, `day` a date without one, `number` a counter that only rises.
    """

    shorthand: ClassVar[str] = "column"

    column: str
    type: Literal["moment", "day", "number"] = "moment"
    overlap: str | None = None
    format: Texts | None = None
    time_zone: str | None = None

    @field_validator("overlap")
    @classmethod
    def _overlap(cls, text: str | None) -> str | None:
        if text is not None and not text.isdigit() and not _DURATION.fullmatch(text):
            raise ValueError("write it as 90s, 10m, 2h or 1d; of a counter as a number")
        return text

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str | None) -> str | None:
        return _checked_zone(name)

    @property
    def overlap_seconds(self) -> int:
        """How far before the highest value seen reading resumes."""
        default = "1d" if self.type == "day" else "10m"
        parts = _DURATION.fullmatch(self.overlap or default)
        return int(parts[1]) * _SECONDS[parts[2]] if parts else int(self.overlap or 0)

    @property
    def overlap_steps(self) -> int:
        """The same of a counter."""
        return int(self.overlap) if self.overlap and self.overlap.isdigit() else 0


class Deleted(Strict):
    """Which rows mean that the record is gone; then `columns` count, or (`reverse`) the movement is taken back."""

    when: Condition
    columns: dict[str, Field] = {}
    reverse: bool = False


class Case(Strict):
    """What holds for some rows: columns that are read differently, or that the row is none of ours."""

    when: Condition
    columns: dict[str, Field] = {}
    skip: bool = False


class File(Strict):
    """Rows of files whose names match `pattern` (as in `stock_*.csv`); what ends in .parquet, and .gz, is known by that."""

    shorthand: ClassVar[str] = "pattern"

    pattern: str
    separator: str | None = None
    encoding: str | None = None
    skip_lines: int = Option(default=0, ge=0, le=1_000)

    @field_validator("pattern")
    @classmethod
    def _inside(cls, pattern: str) -> str:
        if "/" in pattern or "\\" in pattern or not pattern.strip():
            raise ValueError("it is the pattern of a file's name, without folders")
        return pattern

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, name: str | None) -> str | None:
        try:
            "".encode(name or "utf-8")
        except LookupError:
            raise ValueError(f'"{name}" is no encoding: write utf-8, gb18030, or cp1252') from None
        return name

    @field_validator("separator")
    @classmethod
    def _separator(cls, text: str | None) -> str | None:
        text = "\t" if text in {"tab", "\\t"} else text
        if text is not None and len(text) != 1:
            raise ValueError("it is one character, or tab")
        return text


class OData(Strict):
    """Rows of an entity set, `set`, of the service at `service` below the connection's address."""

    shorthand: ClassVar[str] = "set"

    set: str
    service: str = ""
    version: Literal["v2", "v4"] = "v2"
    filter: str | None = None
    expand: str | None = None
    params: dict[str, Any] = {}
    page_size: int = Option(default=1_000, ge=1, le=50_000)
    paging: Literal["skip", "next"] = "skip"


class Paging(Strict):
    """How a list is read page by page: `by` a page number, an offset, a cursor in the answer, or the Link header."""

    by: Literal["none", "page", "offset", "cursor", "link"] = "none"
    size: int = Option(default=500, ge=1, le=50_000)
    first: int = 1
    next: str | None = None
    pages: str | None = None


class Rest(Strict):
    """Rows of a JSON answer: `rows` is the path to the list in it ("data.recordList"; "" is the answer itself).

    In `path`, `params` and `body` these stand for what is meant: {since} {until} {page} {offset} {limit} {cursor}
    {fields}. Where a row is a list, `fields` names its values in their order.
    """

    path: str
    method: Literal["get", "post"] = "get"
    params: dict[str, Any] = {}
    body: Any = None
    rows: str = ""
    fields: tuple[str, ...] | None = None
    since_format: str = "%Y-%m-%dT%H:%M:%S"
    paging: Paging = Paging()


class Sign(Strict):
    """A signature of a login: HMAC-SHA256 of `text`, keyed with the password, in base64."""

    text: str


class LogIn(Strict):
    """How to log in where a server wants more than a password: a request whose answer brings a cookie or a token.

    {user} {password} {database} stand for the connection's, {now_ms} for the moment, {signature} for `sign`.
    """

    path: str
    method: Literal["get", "post"] = "post"
    params: dict[str, Any] = {}
    body: Any = None
    sign: Sign | None = None
    ok: dict[str, Any] = {}
    message: str | None = None
    token: str | None = None
    parameter: str | None = None
    header: str | None = None


class Feed(Strict):
    """Rows of one kind, and what they are to us."""

    name: str | None = None
    file: File | None = None
    view: str | None = None
    query: str | None = None
    odata: OData | None = None
    rest: Rest | None = None

    each: str | None = None
    key: Texts
    key_optional: Texts = ()
    prefix: str = ""
    changed: Changed | None = None
    once: bool = False
    where: Condition = {}
    deleted: Deleted | None = None
    columns: dict[str, Field]
    cases: tuple[Case, ...] = ()
    otherwise: Literal["problem", "skip", "columns"] = "problem"

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = [name for name in ("file", "view", "query", "odata", "rest") if getattr(self, name) is not None]
        if len(origins) != 1:
            raise ValueError("say exactly one of file, view, query, odata, rest: where its rows come from")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns of its key: those that must say something, then those that may be empty."""
        return (*self.key, *self.key_optional)

    @property
    def origin(self) -> str:
        """What kind of place its rows come from."""
        return next(name for name in ("file", "view", "query", "odata", "rest") if getattr(self, name) is not None)

    @property
    def label(self) -> str:
        """Its name, in messages and in the cursor: that of where its rows come from, unless it has one of its own."""
        if self.name:
            return self.name
        if self.file:
            return self.file.pattern
        if self.odata:
            return self.odata.set
        return self.rest.path if self.rest else self.view or "query"


def _feeds(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


class Mapping(Strict):
    """A whole mapping file: entities in the order in which they are read, each with one feed or several."""

    description: str = ""
    time_zone: str | None = None
    decimal: Literal[".", ","] = "."
    thousands: str | None = None
    empty: Texts = ()
    yes: Texts | None = None
    no: Texts | None = None
    login: LogIn | None = None
    failed: dict[str, Any] = {}
    message: str | None = None
    shared: Any = None
    entities: dict[str, Annotated[tuple[Feed, ...], BeforeValidator(_feeds)]]

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str | None) -> str | None:
        return _checked_zone(name)


@cache
def target_columns() -> dict[str, dict[str, str]]:
    """The columns of each entity that a mapping can fill, and their types by PostgreSQL's names.

    They are those of its staging table, written down beside this module so that a mapping can be checked anywhere;
    `lotwatch source columns` writes them anew.
    """
    path = Path(__file__).with_name("columns.yaml")
    loaded: dict[str, dict[str, str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def mapping_path(name: str) -> Path:
    """The file of a mapping: below include/config/mappings, unless the name is a whole path."""
    return MAPPINGS / name


def load_mapping(path: Path) -> tuple[Mapping, Document]:
    """Read and check a mapping file. Raises SourceError naming file, line, column, entity and field."""
    document = read_document(path, json_keys=_JSON_KEYS)
    if not isinstance(document.content, dict):
        raise SourceError("The mapping file says nothing", where=path.name, do="begin with entities:")
    try:
        mapping = Mapping.model_validate(document.content)
    except ValidationError as error:
        raise _told(error, document) from error
    _check(mapping, document)
    return mapping, document


def _told(error: ValidationError, document: Document) -> SourceError:
    """The first mistake as people read it; how many more there are is said too."""
    mistakes = error.errors()
    first = mistakes[0]
    place: Place = tuple(part for part in first["loc"] if isinstance(part, str | int))
    place = (*_written(place, document.content), *first.get("ctx", {}).get("place", ()))
    what = first["ctx"]["what"] if first["type"] == "mistake" else first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        what = f'"{first["loc"][-1]}" is missing'
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    return SourceError(f"{what}{more}", where=_where(place, document), do="correct the mapping file")


def _written(place: Place, content: Any) -> Place:
    """The part of a place that is written in the file: one feed need not be a list."""
    found: list[str | int] = []
    for part in place:
        if isinstance(part, int) and isinstance(content, dict):
            continue
        inside = _step(content, part)
        if inside is None:
            break
        content = inside
        found.append(part)
    return tuple(found)


def _step(content: Any, part: str | int) -> Any:
    if isinstance(part, str):
        return content.get(part) if isinstance(content, dict) else None
    return content[part] if isinstance(content, list) and part < len(content) else None


def _where(place: Place, document: Document) -> str:
    names = [str(part) for part in place if isinstance(part, str)]
    told = document.where(place)
    if names[:1] == ["entities"] and len(names) > 1:
        told += f" (entity {names[1]}{', field ' + names[-1] if len(names) > 2 else ''})"
    return told


def _check(mapping: Mapping, document: Document) -> None:
    """What a mapping names must exist with us, and its feeds be told apart."""
    known = target_columns()
    for entity, feeds in mapping.entities.items():
        place: Place = ("entities", entity)
        if entity not in known:
            raise SourceError(
                f'"{entity}" is no entity', where=_where(place, document), do=nearest(entity, known)
            )  # fmt: skip
        labels = [feed.label for feed in feeds]
        for number, feed in enumerate(feeds):
            here = _written((*place, number), document.content)
            if labels.index(feed.label) != number:
                raise SourceError(
                    f'Two feeds of {entity} are called "{feed.label}"', where=_where(here, document),
                    do="give each a name of its own",
                )  # fmt: skip
            _check_feed(feed, entity, known[entity], here, document)


def _check_feed(feed: Feed, entity: str, known: AnyMapping[str, str], here: Place, document: Document) -> None:
    targets: list[tuple[Place, dict[str, Field]]] = [((*here, "columns"), feed.columns)]
    targets += [((*here, "cases", number, "columns"), case.columns) for number, case in enumerate(feed.cases)]
    if feed.deleted:
        targets.append(((*here, "deleted", "columns"), feed.deleted.columns))
        if feed.deleted.reverse and "reverses_key" not in known:
            raise SourceError(
                f"A {entity} cannot be taken back", where=_where((*here, "deleted"), document),
                do="say which columns tell that it is gone",
            )  # fmt: skip
    for place, columns in targets:
        for name, field in columns.items():
            if name not in known:
                raise SourceError(
                    f'"{name}" is no column of {entity}', where=_where((*place, name), document),
                    do=nearest(name, known),
                )  # fmt: skip
            _check_field(name, field, known[name], (*place, name), document)


def _check_field(name: str, field: Field, kind: str, place: Place, document: Document) -> None:
    """What only some types can be asked for."""
    misplaced = [
        option
        for option, kinds in _ONLY_FOR.items()
        if getattr(field, option) not in {None, False, ()} and kind not in kinds
    ]
    if misplaced:
        kinds = ", ".join(sorted(_ONLY_FOR[misplaced[0]]))
        raise SourceError(
            f"{misplaced[0]} means nothing for {name}, which is {kind}", where=_where((*place, misplaced[0]), document),
            do=f"leave it out: it is for {kinds}",
        )  # fmt: skip
    for column in field.columns():
        if column.startswith("$") and column not in CIRCUMSTANCES:
            raise SourceError(
                f'"{column}" is nothing that is known of a row', where=_where(place, document),
                do=nearest(column, CIRCUMSTANCES),
            )  # fmt: skip


_DATES = frozenset({"date", "timestamptz"})
_NUMBERS = frozenset({"numeric", "int4", "int8"})
_ONLY_FOR: dict[str, frozenset[str]] = {
    "format": _DATES,
    "time": frozenset({"timestamptz"}),
    "time_zone": _DATES,
    "decimal": _NUMBERS,
    "thousands": _NUMBERS,
    "absolute": _NUMBERS,
    "multiply": _NUMBERS,
    "times": _NUMBERS,
    "over": _NUMBERS,
    "yes": frozenset({"bool"}),
    "no": frozenset({"bool"}),
}
