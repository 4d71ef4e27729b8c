"""Reorder points against the formula, worked by hand."""

from math import ceil, sqrt
from statistics import NormalDist

import pytest

from lotwatch.planning import PlanSettings, plan
from tests.integration.company import NOW, TODAY, Company
from tests.worlds import prepared

SETTINGS = PlanSettings(history_days=10)


def policy(company: Company, site: str = "DC") -> dict:
    cursor = company.conn.execute(
        "SELECT p.* FROM lotwatch.policy AS p JOIN lotwatch.location AS l ON p.site_id = l.location_id"
        " WHERE l.code = %s ORDER BY p.valid_from DESC, p.recorded_at DESC",
        (site,),
    )
    row = cursor.fetchone()
    assert row is not None
    return dict(zip([column.name for column in cursor.description or ()], row, strict=True))


@prepared
def used(company: Company) -> None:
    """Used: 4 on each of 5 of the last 10 days."""
    company.item(criticality="critical")
    company.agreement(minimum_order_quantity=24, order_multiple=12)
    company.lot()
    company.move(500, "DC", days_ago=40)
    for day in (1, 3, 5, 7, 9):
        company.move(4, "HOSP", "DC", days_ago=day)
    company.post()


def test_the_reorder_point_is_the_mean_and_z_standard_deviations(used: Company) -> None:
    plan(used.conn, NOW, SETTINGS, "test")
    found = policy(used)
    mean, variance, protection = 2.0, (5 * 16 - 20**2 / 10) / 9, 10 + 1
    safety = ceil(NormalDist().inv_cdf(0.98) * sqrt(variance * protection))
    assert float(found["average_daily_usage"]) == mean
    assert found["safety_stock"] == safety
    assert found["reorder_point"] == ceil(mean * protection) + safety
    # 30 days of usage are 60, in packs of 12
    assert found["target_level"] == found["reorder_point"] + 60
    assert found["max_level"] == found["target_level"] + 24


def test_lead_times_that_vary_raise_the_safety_stock(used: Company) -> None:
    plan(used.conn, NOW, SETTINGS, "test")
    steady = policy(used)["safety_stock"]
    for number, days in enumerate((5, 6, 10, 14, 15)):
        used.order_line(10, key=f"old-{number}", ordered_on=TODAY.replace(month=3, day=1), order_state="done")
        used.move(10, "DC", days_ago=106 - days, order_line_key=f"old-{number}")
    used.post()
    plan(used.conn, NOW, SETTINGS, "test")
    varied = policy(used)
    assert float(varied["lead_time_days"]) == pytest.approx(10.33, abs=0.01)  # the company's day begins at 8
    assert varied["safety_stock"] > steady


def test_planning_again_appends_only_what_differs(used: Company) -> None:
    assert plan(used.conn, NOW, SETTINGS, "first")["changed"] == 2
    assert plan(used.conn, NOW, SETTINGS, "second")["changed"] == 0


def test_the_future_is_not_seen(used: Company) -> None:
    used.move(1000, "HOSP", "DC", days_ago=-1)
    used.post()
    plan(used.conn, NOW, SETTINGS, "test")
    assert float(policy(used)["average_daily_usage"]) == 2.0


def test_what_was_scrapped_is_no_usage(used: Company) -> None:
    used.location("SCRAP", kind="scrap")
    used.move(100, "SCRAP", "DC", days_ago=2)
    used.post()
    plan(used.conn, NOW, SETTINGS, "test")
    assert float(policy(used)["average_daily_usage"]) == 2.0


def test_a_lead_time_of_zero_still_covers_the_review(company: Company) -> None:
    company.item()
    company.agreement(lead_time_days=0)
    company.lot()
    company.move(100, "DC", days_ago=40)
    for day in range(1, 11):
        company.move(3, "HOSP", "DC", days_ago=day - 0.5)
    company.post()
    plan(company.conn, NOW, SETTINGS, "test")
    assert policy(company)["reorder_point"] == 3


def test_an_item_without_a_supplier_has_no_level(company: Company) -> None:
    company.item()
    company.lot()
    company.move(100, "DC", days_ago=40)
    company.post()
    assert plan(company.conn, NOW, SETTINGS, "test") == {"planned": 0, "changed": 0}
