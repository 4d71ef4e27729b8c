"""Who is told, and when: subscriptions, quiet hours, digests, and not too many messages an hour."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwatch.delivery.people import About, People, Subscriber, load_people
from lotwatch.delivery.timing import held_until
from lotwatch.errors import LotwatchError

NOW = datetime(2026, 6, 15, 20, 30, tzinfo=UTC)


def somebody(**changes: Any) -> Subscriber:
    plain = {"roles": ["ops"], "channels": [{"smtp": "o@x.example"}]}
    return Subscriber.model_validate(plain | changes)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


# --- whom it concerns


@pytest.mark.parametrize(
    ("limits", "roles", "severity", "about", "wanted"),
    [
        ({}, ["ops"], "info", About(), True),
        ({}, ["buyer"], "critical", About(), False),
        ({"roles": ["ops", "buyer"]}, ["buyer"], "info", About(), True),
        ({"severity": "warning"}, ["ops"], "info", About(), False),
        ({"severity": "warning"}, ["ops"], "critical", About(), True),
        ({"sites": ["DC"]}, ["ops"], "info", About(sites=frozenset({"DC"})), True),
        ({"sites": ["DC"]}, ["ops"], "info", About(sites=frozenset({"H"})), False),
        ({"sites": ["DC"]}, ["ops"], "info", About(), True),  # about no site: about all
        ({"sites": ["DC"]}, ["ops"], "info", About(sites=frozenset({"H"}), regions=frozenset({"N"})), False),
        ({"sites": ["DC"], "regions": ["N"]}, ["ops"], "info", About(frozenset({"H"}), frozenset({"N"})), True),
        ({"regions": ["S"]}, ["ops"], "info", About(frozenset({"H"}), frozenset({"N"})), False),
        ({"categories": ["stent"]}, ["ops"], "info", About(categories=frozenset({"glove"})), False),
        ({"categories": ["stent"]}, ["ops"], "info", About(categories=frozenset({"stent"})), True),
        ({"sources": ["wms"]}, ["ops"], "info", About(sources=frozenset({"wms", "erp"})), True),
        ({"sources": ["wms"]}, ["ops"], "info", About(sources=frozenset({"erp"})), False),
        ({"sources": ["wms"]}, ["ops"], "info", About(sites=frozenset({"DC"})), True),  # about no source
    ],
)
def test_a_message_concerns_whoever_has_its_role_and_asked_for_its_like(
    limits: dict[str, Any], roles: list[str], severity: str, about: About, wanted: bool
) -> None:
    assert somebody(**limits).wants(roles, severity, about) is wanted


def test_a_critical_message_that_would_reach_nobody_reaches_ops() -> None:
    people = People.model_validate({
        "o": somebody(sites=["DC"]).model_dump(),
        "b": somebody(roles=["buyer"], sites=["DC"]).model_dump(),
    })
    elsewhere = About(sites=frozenset({"H"}))
    assert people.concerned(["buyer"], "critical", elsewhere) == ["o"]
    assert people.concerned(["buyer"], "warning", elsewhere) == []
    assert people.concerned([], "critical", elsewhere) == [], "a rule that notifies nobody means it"


# --- when


OVER_NIGHT = {"quiet_hours": {"from": "22:00", "to": "07:00"}, "time_zone": "Asia/Shanghai"}


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-06-15T21:59+08:00", None),
        ("2026-06-15T22:00+08:00", "2026-06-16T07:00+08:00"),
        ("2026-06-16T00:30+08:00", "2026-06-16T07:00+08:00"),
        ("2026-06-16T06:59+08:00", "2026-06-16T07:00+08:00"),
        ("2026-06-16T07:00+08:00", None),
    ],
)
def test_quiet_hours_go_on_past_midnight(now: str, until: str | None) -> None:
    assert held_until(somebody(**OVER_NIGHT), "warning", at(now), []) == (at(until) if until else None)
    assert held_until(somebody(**OVER_NIGHT), "critical", at(now), []) is None


@pytest.mark.parametrize(
    ("now", "hours", "until"),
    [
        # in spring 02:30 does not exist: it is as the clocks are set, an hour later
        ("2026-03-29T01:30+01:00", ("01:00", "02:30"), "2026-03-29T03:30+02:00"),
        # the night is an hour shorter, or longer, and ends when the clocks say so
        ("2026-03-28T23:00+01:00", ("22:00", "07:00"), "2026-03-29T07:00+02:00"),
        ("2026-10-24T23:00+02:00", ("22:00", "07:00"), "2026-10-25T07:00+01:00"),
        # in autumn 02:10 comes twice: the second time they end at the second 02:30, not a day later
        ("2026-10-25T02:10+01:00", ("01:00", "02:30"), "2026-10-25T02:30+01:00"),
        ("2026-10-25T02:10+02:00", ("01:00", "02:30"), "2026-10-25T02:30+02:00"),
    ],
)
def test_quiet_hours_end_by_the_clocks_of_the_place(now: str, hours: tuple[str, str], until: str) -> None:
    berlin = somebody(quiet_hours={"from": hours[0], "to": hours[1]}, time_zone="Europe/Berlin")
    assert held_until(berlin, "info", at(now), []) == at(until)


@pytest.mark.parametrize(
    ("digest", "until"),
    [
        ("immediately", None),
        ("hourly", "2026-06-15T21:00+00:00"),
        ("21:00", "2026-06-15T21:00+00:00"),
        ("20:30", "2026-06-16T20:30+00:00"),
        ("07:30", "2026-06-16T07:30+00:00"),
    ],
)
def test_a_digest_waits_for_its_time(digest: str, until: str | None) -> None:
    assert held_until(somebody(digest=digest), "info", NOW, []) == (at(until) if until else None)
    assert held_until(somebody(digest=digest), "critical", NOW, []) is None
    assert held_until(somebody(digest=digest), "info", NOW, [], due=True) is None


def test_a_digest_that_falls_into_quiet_hours_comes_at_their_end() -> None:
    quiet = somebody(digest="hourly", quiet_hours={"from": "20:45", "to": "06:00"})
    assert held_until(quiet, "info", NOW, []) == at("2026-06-16T06:00+00:00")


def test_what_is_above_the_messages_an_hour_waits_until_there_is_room() -> None:
    two = somebody(at_most=2)
    earlier = [NOW - timedelta(minutes=each) for each in (50, 20)]
    assert held_until(two, "info", NOW, earlier) == NOW + timedelta(minutes=10)
    assert held_until(two, "info", NOW, earlier[1:]) is None
    assert held_until(two, "critical", NOW, earlier) is None
    assert held_until(two, "info", NOW, [NOW - timedelta(hours=1), *earlier[1:]]) is None


ZONES = st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])


@given(
    hours=st.integers(0, 24 * 365 * 3),
    minutes=st.integers(0, 59),
    begin=st.times().map(lambda time: time.replace(microsecond=0)),
    end=st.times().map(lambda time: time.replace(microsecond=0)),
    zone=ZONES,
    digest=st.sampled_from(["immediately", "hourly", "07:30", "02:30"]),
)
def test_nobody_waits_for_more_than_two_days_nor_is_told_in_quiet_hours(
    hours: int, minutes: int, begin: Any, end: Any, zone: str, digest: str
) -> None:
    if begin == end:
        return
    now = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=hours, minutes=minutes)
    each = somebody(quiet_hours={"from": begin, "to": end}, time_zone=zone, digest=digest)
    until = held_until(each, "info", now, [])
    if until is None:
        until = now
    assert now <= until <= now + timedelta(hours=50)
    assert held_until(each, "info", until, [], due=True) is None or until == now


# --- the file


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "people.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: {roles: [ops], chanels: []}", "a, chanels: no such field: did you mean channels?"),
        ("a: {roles: [ops], channels: [{sendgird: [x]}]}", "a, channels, 0, sendgird: no such channel: did you mean sendgrid?"),
        ("a: {roles: [ops], channels: [{smtp: x}, {smtp: y}]}", "each channel once"),
        ("a: {roles: [ops], channels: [{smtp: x, twilio: y}]}", "each is one channel with its addresses"),
        ("a: {roles: [ops], channels: [{smtp: x}], time_zone: Europe/Berln}", "did you mean Europe/Berlin?"),
        ("a: {roles: [ops], channels: [{smtp: x}], digest: hourli}", "did you mean hourly?"),
        ("a: {roles: [ops], channels: [{smtp: x}], quiet_hours: {from: '22:00', till: '07:00'}}", "use one of from, to"),
        ("a: {roles: [ops], channels: [{smtp: x}], quiet_hours: {from: 7:00, to: 7:00}}", "from and to are the same"),
        ("a: {roles: [ops], channels: [{smtp: x}], at_most: 0}", "a, at_most: "),
        ("ops: {en: [o@x.example]}", "ops, roles: Field required"),
        ("- a", "the file: "),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_file_and_field_and_the_nearest_name(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(LotwatchError) as told:
        load_people(path)
    assert said in str(told.value)
    assert str(path) in str(told.value)


def test_times_may_be_written_without_quotes(tmp_path: Path) -> None:
    text = "a: {roles: [ops], channels: [{smtp: x}], quiet_hours: {from: 22:00, to: 07:00}}"
    hours = load_people(write(tmp_path, text)).root["a"].quiet_hours
    assert hours is not None
    assert (f"{hours.begin:%H:%M}", f"{hours.end:%H:%M}") == ("22:00", "07:00")


def test_the_list_that_comes_with_the_project_can_be_used() -> None:
    assert {role for each in load_people().root.values() for role in each.roles} == {
        "ops", "buyer", "approver", "finance", "warehouse", "quality", "recall",
    }  # fmt: skip
