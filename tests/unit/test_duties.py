"""Duties of law and house: each says where it is written, since when it counts and whether that was checked; when it is due."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from lotwatch.paths import RULES
from lotwatch.recall.clocks import load_duties
from lotwatch.rules import load_rules

DUTIES = load_duties()
PACKS = [rule for pack in ("cn", "us", "eu") for rule in load_rules(RULES / pack)]


def test_every_duty_and_regulatory_rule_has_its_source_validity_and_a_checked_mark() -> None:
    for duty in DUTIES.duties:
        assert duty.source, duty.id
        assert duty.checked is None or duty.begins <= duty.checked, duty.id
    for rule in PACKS:
        assert rule.duty is not None, rule.id
        assert rule.duty.source, rule.id
        assert "checked" in rule.duty.model_fields_set, rule.id
        assert rule.valid_from is not None, rule.id
        assert rule.duty.checked is None or rule.valid_from <= rule.duty.checked, rule.id


@pytest.mark.parametrize(
    ("duty_id", "zone", "starts", "due"),
    [
        # hours and calendar days: weekends, holidays and nights count, to the minute
        ("cn_event_group", "Asia/Shanghai", "2026-10-01 20:30", "2026-10-02 08:30"),
        ("cn_maker_users_1", "Asia/Shanghai", "2026-02-16 09:00", "2026-02-17 09:00"),
        ("eu_87_death", "Europe/Paris", "2026-12-24 10:00", "2027-01-03 10:00"),
        # the day in New York counts, where it is still the Tuesday before Thanksgiving; to the end of the tenth day
        ("us_806_10", "UTC", "2026-11-25 02:00", "2026-12-10 05:00"),
        # Independence Day is a Saturday: the Friday before it is no day of work
        ("us_803_maker_5", "America/New_York", "2026-06-30 12:00", "2026-07-09 00:00"),
        # Saturday the 14th makes up for a day of Spring Festival: it is a day of work
        ("cn_maker_plan", "Asia/Shanghai", "2026-02-13 16:00", "2026-02-28 00:00"),
        # none of National Day's week is one, the Saturday after it is
        ("cn_maker_plan", "Asia/Shanghai", "2026-09-29 16:00", "2026-10-13 00:00"),
    ],
)
def test_a_clock_is_due_as_its_duty_counts_time(duty_id: str, zone: str, starts: str, due: str) -> None:
    duty = DUTIES.get(duty_id)
    assert duty is not None
    begun, expected = (datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(zone)) for at in (starts, due))
    assert DUTIES.due(duty, begun) == expected
