"""A GS1 product recall notification becomes a notice that names its items and their numbers."""

from datetime import UTC, date, datetime

import pytest

from lotwatch.errors import SourceError
from lotwatch.sources.gs1_recall import push
from lotwatch.sources.registry import Source, receiver

MESSAGE = """<?xml version="1.0" encoding="UTF-8"?>
<r:productRecallNotificationMessage xmlns:r="urn:gs1:ecom:product_recall_notification:xsd:3">
<productRecallNotification><creationDateTime>2026-06-10T12:00:00.000-05:00</creationDateTime>
<originalPRNIdentification>0857674002331</originalPRNIdentification>
<pRNIdentification>0857674002331CP855</pRNIdentification><pRNStatusCode>ISSUED</pRNStatusCode>
<pRNTitle languageCode="en">Catheter recall</pRNTitle><incidentRiskLevelCode>CLASS_2</incidentRiskLevelCode>
<productRecallReason><explanationForProductRecall>It may leak.</explanationForProductRecall></productRecallReason>
<item><gtin>04053210000014</gtin><data><lotNumber>A1</lotNumber><lotNumber>A2</lotNumber></data></item>
<item><gtin>04053210000090</gtin><data><serialNumber>0017</serialNumber></data></item>
</productRecallNotification></r:productRecallNotificationMessage>"""


def test_a_notification_becomes_a_notice() -> None:
    ((entity, record),) = receiver(Source(kind="gs1_recall", push="keys"))(MESSAGE)
    assert (entity, record.source_key, record.problems) == ("notice", "0857674002331", ())
    row = record.row
    assert (row["recall_class"], row["status"], row["title"]) == ("II", "ongoing", "Catheter recall")
    assert row["code_info"] == "GTIN 04053210000014: lot A1, lot A2; GTIN 04053210000090: serial 0017"
    assert row["udi_dis"] == ["04053210000014", "04053210000090"]
    assert (row["said_at"], row["published_on"]) == (datetime(2026, 6, 10, 17, tzinfo=UTC), date(2026, 6, 10))
    assert "explanationForProductRecall: It may leak." in row["body"], "nothing that was said is lost"


def test_later_notifications_of_a_recall_come_under_its_first_number() -> None:
    later = MESSAGE.replace("CP855", "CP856").replace("ISSUED", "CANCELLED").replace("06-10T", "06-12T")
    ((_, first), (_, second)) = [*push()(MESSAGE), *push()(later)]
    assert first.source_key == second.source_key
    assert first.row["said_at"] < second.row["said_at"]
    assert second.row["status"] == "terminated"


def test_what_cannot_be_read_becomes_a_problem_of_the_record() -> None:
    spoilt = MESSAGE.replace("2026-06-10T12:00:00.000-05:00", "soon").replace("0857674002331", "").replace("CP855", "")
    ((_, record),) = push()(spoilt)
    assert {problem.field for problem in record.problems} == {"pRNIdentification", "creationDateTime"}


@pytest.mark.parametrize(
    ("body", "complaint"),
    [({"a": 1}, "not XML"), ("<a>", "not XML"), ("<a/>", "no productRecallNotification"),
     ('<!DOCTYPE a [<!ENTITY b "c">]><a/>', "declares entities")],
)  # fmt: skip
def test_a_body_that_is_no_such_message_is_refused(body: object, complaint: str) -> None:
    with pytest.raises(SourceError, match=complaint):
        list(push()(body))
