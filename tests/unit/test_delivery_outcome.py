"""What the sender does next follows from what came back, never from a guess."""

import pytest
from requests.structures import CaseInsensitiveDict

from lotwatch.delivery.outcome import (
    LONGEST_WAIT,
    NotLetIn,
    Refused,
    Unavailable,
    Unclear,
    from_answer,
    seconds_to_wait,
)

DATE = "Sun, 01 Mar 2026 12:00:00 GMT"
UNIX = 1772366400  # the same moment


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 418, 422])
def test_a_client_error_is_final(status: int) -> None:
    refused = from_answer(status, {}, b"", where="portal")
    assert isinstance(refused, Refused)
    assert isinstance(refused, NotLetIn) is (status in {401, 403, 404}), "nobody has looked at what was sent"


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_may_pass_is_sent_again(status: int) -> None:
    assert isinstance(from_answer(status, {}, b"", where="portal"), Unavailable)


@pytest.mark.parametrize("status", [502, 504])
def test_a_gateway_that_lost_the_answer_leaves_it_unclear(status: int) -> None:
    assert isinstance(from_answer(status, {}, b"", where="portal"), Unclear)


@pytest.mark.parametrize("status", [200, 202, 204, 302, 600])
def test_an_answer_nobody_expected_is_neither_yes_nor_no(status: int) -> None:
    assert isinstance(from_answer(status, {}, b"", where="portal"), Unclear)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "Sun, 01 Mar 2026 12:01:30 GMT", "Date": DATE}, 90),
        ({"Retry-After": "Sun, 01 Mar 2026 11:00:00 GMT", "Date": DATE}, 0),
        ({"X-RateLimit-Reset": str(UNIX + 45), "Date": DATE}, 45),
        ({"Retry-After": "30", "X-RateLimit-Reset": str(UNIX + 45), "Date": DATE}, 30),
        ({"Retry-After": "9" * 400}, LONGEST_WAIT),
        ({"X-RateLimit-Reset": "9" * 400, "Date": DATE}, LONGEST_WAIT),
        ({}, None),
        ({"Retry-After": "soon", "Date": DATE}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "²"}, None),
        ({"X-RateLimit-Reset": str(UNIX + 45)}, None),
    ],
)
def test_the_wait_asked_for_is_read_without_looking_at_our_clock(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert seconds_to_wait(CaseInsensitiveDict(headers)) == seconds


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"errors": [{"message": "too late", "field": "lines.0"}, {"message": "no", "field": null}]}', "lines.0: too late; no"),
        (b'{"errors": [{"message": "authorization required", "field": "null"}]}', ": authorization required)"),
        (b"<html>\n  <h1>Teapot</h1>", "HTTP 418: <html> <h1>Teapot</h1>"),
        (b"", "no reason given"),
        (b"\xff\x00", "HTTP 418: "),
    ],
)  # fmt: skip
def test_a_refusal_repeats_the_recipients_words(body: bytes, reason: str) -> None:
    assert reason in from_answer(418, {}, body, where="portal").what


def test_a_refusal_repeats_no_more_than_a_person_would_read() -> None:
    assert len(from_answer(400, {}, b"x" * 100_000, where="portal").what) < 600
