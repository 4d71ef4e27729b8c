"""What is set for one source of despatch advices."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from pydantic import Field

from lotwatch.config import Strict


class UblOptions(Strict):
    """`path`: where the server lists its documents. `places`: our codes by the identifiers that the documents use.

    `time_zone`: of days and times written without one.
    """

    path: str = "despatch-advices"
    per_page: int = Field(default=100, ge=1, le=1_000)
    overlap_minutes: int = Field(default=60, ge=0)
    places: Mapping[str, str] = {}
    time_zone: str = "UTC"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
