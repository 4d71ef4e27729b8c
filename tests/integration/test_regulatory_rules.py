"""The regulatory packs: a rule of a jurisdiction looks at sites there and nowhere else, and says what the law asks."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from lotwatch.rules import Rule, evaluate_live, load_rules
from tests.integration.company import NOW, TODAY, Company
from tests.worlds import prepared

#: sites by country: what is there is the same everywhere
COUNTRIES = ("CN", "US", "DE", "GB")
#: rules of the packs by jurisdiction, and the items and lots (or holds' references) at a site of it that fire them
EXPECTED = {
    "cn": {
        "cn_registration_renewal": {"ENDING"},
        "cn_device_unregistered": {"NONE", "LAPSED", "OF THE US"},
        "cn_udi_missing": {"NONE"},
        "cn_use_untraceable": {"TRACED"},
        "cn_expired_in_reach": {"EXPIRED"},
        "cn_recalled_in_reach": {"REACH"},
        "cn_recall_notice_due": {"APART", "REACH"},
    },
    "us": {
        "us_udi_missing": {"NONE"},
        "us_use_untraceable": {"TRACED"},
        "us_recalled_in_reach": {"REACH"},
        "us_correction_report": {"APART", "REACH"},
    },
    "eu": {
        "eu_certificate_ending": {"ENDING"},
        "eu_certificate_ended": {"LAPSED"},
        "eu_udi_missing": {"NONE"},
        "eu_use_untraceable": {"TRACED"},
        "eu_recalled_in_reach": {"REACH"},
        "eu_field_action_report": {"APART", "REACH"},
    },
}
PACKS = [rule for rule in load_rules() if rule.duty is not None]


@prepared
def world(company: Company) -> None:
    """The same devices at a site of a maker in each country, and at one whose country nobody told."""
    company.add("legal_entity", code="DE MAKER", name="Maker", country="DE", roles=["maker"])
    for country in ("CN", "US", "GB"):
        roles = ["maker", "importer"]
        company.add("legal_entity", code=f"{country} MAKER", name="Maker", country=country, roles=roles)
    company.post()
    for country in COUNTRIES:
        where = {"kind": "site", "region": country, "supplied_by": "supplier"}
        # one is told by its legal entity alone
        told = {} if country == "DE" else {"country": country}
        company.location(country, legal_entity_code=f"{country} MAKER", **where, **told)
    registered = {"registration_number": "REG-1", "registration_through": TODAY + timedelta(days=1000)}
    known = {"device_class": "III", "udi_di": None, **registered}
    for number, item in enumerate(("SOUND", "ENDING", "LAPSED", "OF THE US", "TRACED", "EXPIRED", "REACH", "APART")):
        row = known | {"udi_di": f"0405321{number:06}0"}
        if item == "ENDING":
            row["registration_through"] = TODAY + timedelta(days=150)
        if item == "LAPSED":
            row["registration_through"] = TODAY - timedelta(days=1)
        if item == "OF THE US":
            row["registration_number"] = "K123456"
        if item == "TRACED":
            row["criticality"] = "life_supporting"
        company.item(item, **row)
    company.item("NONE", device_class="III")
    company.item("NO DEVICE")
    items = ("SOUND", "ENDING", "LAPSED", "OF THE US", "TRACED", "EXPIRED", "REACH", "APART", "NONE", "NO DEVICE")
    for item in items:
        company.lot(item=item, expires=TODAY - timedelta(days=1) if item == "EXPIRED" else TODAY + timedelta(days=400))
        for site in (*COUNTRIES, "DC"):
            company.move(5, site, item=item, days_ago=9)
            if item == "LAPSED":
                company.order_line(5, item=item, site_code=site)
            if item == "TRACED":
                company.move(1, "PATIENT", site, item=item, lot=None)
    company.post()
    for item, confirmed in (("REACH", None), ("APART", NOW)):
        company.conn.execute(
            "INSERT INTO lotwatch.hold (cause, authority, item_id, lot_id, reference, placed_at, placed_by, confirmed_at,"
            " recorded_at) SELECT 'recall', 'recall', item_id, lot_id, %(item)s, %(at)s, 'qa', %(confirmed)s, %(at)s"
            " FROM lotwatch.item JOIN lotwatch.lot USING (item_id) WHERE code = %(item)s",
            {"item": item, "at": NOW - timedelta(hours=30), "confirmed": confirmed},
        )


def found(conn: psycopg.Connection) -> Iterator[tuple[str, str, str]]:
    """(rule, item, site or jurisdiction) of each alert."""
    yield from conn.execute(
        "SELECT rule_id, subject ->> 'item_code', split_part(subject_key, '@', 2) FROM lotwatch.alert"
    )


def test_a_rule_fires_where_its_law_holds_and_nowhere_else(world: Company) -> None:
    evaluate_live(world.conn, PACKS, world.context)
    rules = {rule.id: rule for rule in PACKS}
    places = {"cn": {"CN", "cn"}, "us": {"US", "us"}, "eu": {"DE", "eu"}}
    fired: dict[str, dict[str, set[str]]] = {jurisdiction: {} for jurisdiction in places}
    for rule_id, item, place in found(world.conn):
        duty = rules[rule_id].duty
        assert duty is not None
        assert place in places[duty.jurisdiction], (rule_id, item, place)
        fired[duty.jurisdiction].setdefault(rule_id, set()).add(item)
    assert fired == EXPECTED


def test_the_makers_clock_runs_by_the_class_of_the_recall_and_not_of_the_device(world: Company) -> None:
    for number, recall_class in (("REACH", "II"), ("APART", "III")):
        world.add(
            "notice", number=number, authority="nmpa", recall_class=recall_class, status="ongoing", said_at=NOW,
            title="Recall", firm="Maker",
        )  # fmt: skip
    world.post()
    evaluate_live(world.conn, PACKS, world.context)
    due = world.conn.execute(
        "SELECT evidence ->> 'recall_class', severity FROM lotwatch.alert WHERE rule_id = 'cn_recall_notice_due' ORDER BY 1"
    )
    assert due.fetchall() == [("II", "critical"), ("III", "warning")], "30 hours after the decision"


@pytest.mark.parametrize("rule", PACKS, ids=lambda rule: rule.id)
def test_every_rule_of_a_pack_says_what_the_law_asks(rule: Rule) -> None:
    assert rule.duty is not None
    assert rule.id.startswith(f"{rule.duty.jurisdiction}_")
    assert f"jurisdiction = '{rule.duty.jurisdiction}'" in rule.when
    english, chinese = rule.duty.told("en"), rule.duty.told("zh")
    assert [name for name in english if english[name] == chinese[name] and name != "recipient"] == []
    assert rule.advice is not None


def test_every_rule_of_the_packs_is_tried() -> None:
    assert {rule.id for rule in PACKS} == {rule_id for rules in EXPECTED.values() for rule_id in rules}
