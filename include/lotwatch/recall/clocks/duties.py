"""The duties of `include/config/duties.yaml`: whom they bind, what starts them, and when they are due."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import holidays
from pydantic import Field, model_validator

from lotwatch.config import Strict, Words, read_config
from lotwatch.paths import DUTIES
from lotwatch.recall.case import Case, OurRole, RecallClass

Trigger = Literal["recall", "removal", "incident"]
#: actions by which goods are removed or corrected
_REMOVALS = ("remove", "correct")


class Calendar(Strict):
    """Whose holidays count (ISO 3166 code, as the library `holidays` knows it), and where a day ends."""

    country: str
    time_zone: str

    def end_of_working_day(self, moment: datetime, days: int) -> datetime:
        """The end of the n-th day of work after the day of a moment."""
        zone = ZoneInfo(self.time_zone)
        last = holidays.country_holidays(self.country).get_nth_working_day(moment.astimezone(zone).date(), days)
        return datetime.combine(last + timedelta(days=1), time.min, zone)


class Within(Strict):
    """How long there is: hours, calendar days or days of work."""

    hours: Annotated[int, Field(ge=0)] | None = None
    days: Annotated[int, Field(ge=1)] | None = None
    working_days: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Within":
        if len(self.model_fields_set) != 1:
            raise ValueError("within: one of hours, days, working_days")
        return self


class Duty(Strict):
    """What must be done, by whom, for whom, by when, and where that is written."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
    title: Words
    jurisdiction: str
    our_role: tuple[OurRole, ...] = Field(min_length=1)
    trigger: Trigger
    recall_class: tuple[RecallClass, ...] = ()
    within: Within
    recipient: Words
    source: str
    met_by: Literal["person", "held", "acknowledged"]
    begins: date = Field(alias="from")
    ends: date | None = Field(default=None, alias="through")
    #: when somebody last held it against its source; nothing: nobody did
    checked: date | None

    def binds(self, case: Case) -> bool:
        """Whether it is a duty of ours in this case, once its trigger is there."""
        day = case.opened_at.date()
        return (
            # law binds nobody in a drill, and it holds nothing: what is measured is whether people answer
            (not case.is_drill or self.met_by == "acknowledged")
            and self.jurisdiction in {"any", case.jurisdiction}
            and case.our_role in self.our_role
            and (not self.recall_class or case.gravity in self.recall_class)
            and self.begins <= day <= (self.ends or day)
        )

    def starts_with(self, case: Case) -> bool:
        """Whether the case alone starts its clock."""
        return self.trigger == "recall" or (self.trigger == "removal" and case.action_kind in _REMOVALS)


class Duties(Strict):
    """All duties, and the deadlines of the house."""

    calendars: Mapping[str, Calendar]
    tasks: Mapping[RecallClass, Annotated[int, Field(ge=1)]]
    remind_hours: Mapping[RecallClass, Annotated[int, Field(ge=1)]]
    duties: tuple[Duty, ...]

    @model_validator(mode="after")
    def _can_be_reckoned(self) -> "Duties":
        ids = [duty.id for duty in self.duties]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(f"duties: twice the same id: {', '.join(twice)}")
        for duty in self.duties:
            if duty.within.working_days and duty.jurisdiction not in self.calendars:
                raise ValueError(f"{duty.id}: no calendar says which days are days of work in {duty.jurisdiction}")
        return self

    def get(self, duty_id: str) -> Duty | None:
        """A duty, if there is one of that id."""
        return next((duty for duty in self.duties if duty.id == duty_id), None)

    def due(self, duty: Duty, starts_at: datetime) -> datetime:
        """When a clock of the duty that starts then is due."""
        within = duty.within
        if within.working_days:
            return self.calendars[duty.jurisdiction].end_of_working_day(starts_at, within.working_days)
        return starts_at + timedelta(hours=within.hours or 0, days=within.days or 0)

    def task_due(self, case: Case) -> datetime:
        """When the tasks of a case are due, by the policy of the house."""
        return case.opened_at + timedelta(hours=self.tasks[case.gravity])

    def remind_after(self, case: Case) -> timedelta:
        """After how long whoever has not answered is told again."""
        return timedelta(hours=self.remind_hours[case.gravity])


@cache
def load_duties() -> Duties:
    """The table of duties. Raises LotwatchError naming the file and what is wrong in it."""
    duties: Duties = read_config(DUTIES, Duties, "The table of duties")
    return duties
