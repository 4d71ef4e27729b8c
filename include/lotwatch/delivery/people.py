"""Who is told what, and how: the subscribers of `include/config/people.yaml`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    RootModel,
    ValidationError,
    model_validator,
)

from lotwatch.config import Strict
from lotwatch.delivery.channels.config import load_channels
from lotwatch.errors import LotwatchError, nearest
from lotwatch.formats import Language
from lotwatch.paths import PEOPLE

Severity = Literal["info", "warning", "critical"]
RANK: Mapping[str, int] = {"info": 0, "warning": 1, "critical": 2}
_DIGESTS = ("immediately", "hourly")
#: who is told when a critical message concerns nobody
LAST_RESORT = "ops"


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"no such time zone: {nearest(name, available_timezones())}")
    return name


def _known_channel(name: str) -> str:
    known = load_channels()
    if name not in known:
        raise ValueError(f"no such channel: {nearest(name, known)}")
    return name


def _digest(value: object) -> object:
    value = _clock(value)
    if isinstance(value, str) and value not in _DIGESTS and not re.fullmatch(r"[0-2][0-9]:[0-5][0-9]", value):
        raise ValueError(f"no such digest: {nearest(value, _DIGESTS)}, or the time of a daily one")
    return value


def _clock(value: object) -> object:
    """YAML reads 22:00 without its quotes as a number: minutes since midnight."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
        return time(value // 60, value % 60)
    return value


Clock = Annotated[time, BeforeValidator(_clock)]
Channel = Annotated[str, AfterValidator(_known_channel)]
Address = Annotated[str, Field(min_length=1, max_length=2000)]
Names = tuple[Annotated[str, Field(min_length=1)], ...]


class QuietHours(Strict):
    """From one time of the day to another, which may be past midnight."""

    begin: Clock = Field(alias="from")
    end: Clock = Field(alias="to")

    @model_validator(mode="after")
    def _are_hours(self) -> "QuietHours":
        if self.begin == self.end:
            raise ValueError("from and to are the same: leave quiet_hours out, or give severity: critical")
        return self


@dataclass(frozen=True, slots=True)
class About:
    """What a message is about, where it is about any: codes of sites, names of regions, categories and sources."""

    sites: frozenset[str] = field(default=frozenset())
    regions: frozenset[str] = field(default=frozenset())
    categories: frozenset[str] = field(default=frozenset())
    sources: frozenset[str] = field(default=frozenset())


class Subscriber(Strict):
    """Somebody, or a group, who is told. `channels` in order of preference, each with its addresses (a robot of a chat may
    have none: those whom it calls by name)."""

    roles: Names = Field(min_length=1)
    language: Language = "en"
    channels: tuple[dict[Channel, tuple[Address, ...] | Address], ...] = Field(min_length=1)
    sites: Names = ()
    regions: Names = ()
    categories: Names = ()
    sources: Names = ()
    severity: Severity = "info"
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    quiet_hours: QuietHours | None = None
    digest: Annotated[Literal["immediately", "hourly"] | time, BeforeValidator(_digest)] = "immediately"
    at_most: int | None = Field(default=None, ge=1, le=1000)

    @model_validator(mode="after")
    def _each_channel_once(self) -> "Subscriber":
        for entry in self.channels:
            if len(entry) != 1:
                raise ValueError("channels: each is one channel with its addresses, such as `- smtp: [a@b.example]`")
        names = self.channel_names
        if len(set(names)) < len(names):
            raise ValueError("channels: each channel once; give it several addresses instead")
        return self

    @property
    def channel_names(self) -> list[str]:
        """In order of preference."""
        return [name for entry in self.channels for name in entry]

    def addresses(self, channel: str) -> tuple[str, ...]:
        """Where they are to be reached by a channel; none where it is not one of theirs."""
        found = next((entry[channel] for entry in self.channels if channel in entry), ())
        return (found,) if isinstance(found, str) else found

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def wants(self, roles: Sequence[str], severity: str, about: About) -> bool:
        """Whether it concerns them. What names no site concerns all sites; so with categories and sources."""
        if not set(roles) & set(self.roles) or RANK[severity] < RANK[self.severity]:
            return False
        somewhere = bool(self.sites or self.regions) and bool(about.sites or about.regions)
        if somewhere and not (about.sites & set(self.sites) or about.regions & set(self.regions)):
            return False
        filters = ((self.categories, about.categories), (self.sources, about.sources))
        return all(not (asked and told) or told & set(asked) for asked, told in filters)


class People(RootModel[dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,59}$")], Subscriber]]):
    """Subscribers by name."""

    def get(self, name: str) -> Subscriber | None:
        """A subscriber, if there is one of that name."""
        return self.root.get(name)

    def concerned(self, roles: Sequence[str], severity: str, about: About) -> list[str]:
        """Names of those whom it concerns; where nobody has a critical message's role and filters, of whoever is ops."""
        found = sorted(name for name, each in self.root.items() if each.wants(roles, severity, about))
        if not found and roles and severity == "critical":
            return sorted(name for name, each in self.root.items() if LAST_RESORT in each.roles)
        return found


def load_people(path: Path = PEOPLE) -> People:
    """The ops team's list. Raises LotwatchError naming the file, the subscriber and the field, with the nearest name."""
    what = "The list of who is told cannot be used"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return People.model_validate({} if content is None else content)
    except ValidationError as error:
        problems = [_said(dict(problem)) for problem in error.errors()]
        raise LotwatchError(f"{what}: {'; '.join(problems)}", where=str(path), do="correct the file") from error
    except (OSError, yaml.YAMLError) as error:
        raise LotwatchError(f"{what}: {error}", where=str(path), do="correct the file") from error


def _said(problem: Mapping[str, Any]) -> str:
    place = ", ".join(str(part) for part in problem["loc"] if part != "[key]") or "the file"
    if problem["type"] == "extra_forbidden":
        field_name = str(problem["loc"][-1])
        owner = QuietHours if "quiet_hours" in problem["loc"] else Subscriber
        known = [known.alias or name for name, known in owner.model_fields.items()]
        return f"{place}: no such field: {nearest(field_name, known)}"
    return f"{place}: {str(problem['msg']).removeprefix('Value error, ')}"
