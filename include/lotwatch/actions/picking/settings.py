"""When and how each site picks, from `include/config/picking.yaml`."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from lotwatch.config import Duration, Strict, read_config
from lotwatch.paths import PICKING


class SitePicking(Strict):
    """As the file says of each."""

    cut_offs: tuple[time, ...] = Field(min_length=1)
    before: Duration
    lines: int = Field(ge=1, le=200)
    days_ahead: int = Field(ge=0, le=365)
    without_coordinates: bool
    quiet_after_no: Duration

    def next_cut_off(self, as_of: datetime, zone: str) -> datetime:
        """The first cut-off after `as_of`, in the site's zone."""
        now = as_of.astimezone(ZoneInfo(zone))
        days = (now.date() + timedelta(days=ahead) for ahead in (0, 1))
        moments = sorted(datetime.combine(day, at, now.tzinfo) for day in days for at in self.cut_offs)
        return next(moment for moment in moments if moment > now)


class Picking(Strict):
    """The settings of all sites; what a site does not say of itself is as everywhere."""

    everywhere: SitePicking
    sites: Mapping[str, SitePicking] = {}

    @model_validator(mode="before")
    @classmethod
    def _fill_up(cls, given: Any) -> Any:
        if isinstance(given, dict) and isinstance(given.get("everywhere"), dict):
            sites = {name: given["everywhere"] | (own or {}) for name, own in (given.get("sites") or {}).items()}
            return given | {"sites": sites}
        return given

    def of(self, site_code: str) -> SitePicking:
        """A site's settings."""
        return self.sites.get(site_code, self.everywhere)


@cache
def load_picking() -> Picking:
    """The settings. Raises LotwatchError naming the file and the field."""
    picking: Picking = read_config(PICKING, Picking, "The settings of picking")
    return picking
