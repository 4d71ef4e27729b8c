"""What a page may be asked for in its URL: bounded, so that no request can ask for more than a page."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints, model_validator

PAGE_SIZE = 50


def _without_control_characters(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable")
    return text


def _as_scanned(text: str) -> str:
    """Scanners put the group separator between the parts of a label."""
    _without_control_characters(text.replace("\x1d", ""))
    return text


def _in_utc(moment: datetime) -> datetime:
    if not 1970 <= moment.year < 2200:
        raise ValueError("must be of our time")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Text = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(_without_control_characters)
]
Note = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_without_control_characters)
]
Scanned = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300), AfterValidator(_as_scanned)]
#: to the minute; without a zone it is UTC, as a form's field gives it
Moment = Annotated[
    datetime, AfterValidator(_in_utc), PlainSerializer(lambda moment: f"{moment:%Y-%m-%dT%H:%M}Z", return_type=str)
]
Month = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
Days = Annotated[int, Field(ge=0, le=36_500)]


class Filters(BaseModel):
    """Page number (from 1) and size, beside a page's own filters. A field left empty in a form is not a filter."""

    model_config = ConfigDict(frozen=True)

    page: int = Field(default=1, ge=1, le=1_000_000)
    size: int = Field(default=PAGE_SIZE, ge=1, le=200)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, given: Any) -> Any:
        if isinstance(given, dict):
            return {name: value for name, value in given.items() if not (isinstance(value, str) and not value.strip())}
        return given

    def chosen(self) -> dict[str, Any]:
        """What differs from the page as it is opened, for its links."""
        return self.model_dump(exclude_defaults=True)

    def parameters(self) -> dict[str, Any]:
        """Values for the page's SQL."""
        return self.model_dump()
