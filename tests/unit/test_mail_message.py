"""A message goes to exactly the people it names, and to nobody who was smuggled in."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from lotwatch.delivery.channels import Message
from lotwatch.delivery.channels.recipients import mail_addresses
from lotwatch.delivery.channels.sendgrid import SendGrid, _request
from lotwatch.delivery.outcome import Refused
from lotwatch.errors import LotwatchError


def message(**changes: Any) -> Message:
    fields = {
        "reference": "alert 1",
        "lang": "en",
        "severity": "warning",
        "subject": "S",
        "text": "T",
        "html": "<p>H</p>",
        "short": "S",
        "link": "https://x.example/alerts/1",
    }
    return Message.model_validate(fields | changes)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", ""),
        ("subject", "S\r\nBcc: b@x.example"),
        ("text", ""),
        ("html", ""),
        ("reference", ""),
        ("short", "S" * 301),
        ("severity", "fatal"),
        ("lang", "fr"),
        ("link", "javascript:alert(1)"),
        ("link", "https://x.example/ <b>"),
    ],
)
def test_a_message_that_cannot_be_sent_as_meant_names_its_field(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as error:
        message(**{field: value})
    assert {each["loc"][0] for each in error.value.errors()} == {field}


def test_a_message_read_back_from_the_outbox_is_the_same_message() -> None:
    assert Message.model_validate(json.loads(message().model_dump_json())) == message()


@pytest.mark.parametrize(
    "to",
    [
        [],
        ["a"],
        ["a@x.example, b@x.example"],
        ["A <a@x.example>"],
        ["a@x.example\r\nBcc: b@x.example"],
        ["a@x.example"] * 1001,
    ],
)
def test_what_is_no_address_is_not_written_to(to: list[str]) -> None:
    with pytest.raises(Refused):
        mail_addresses(to, "mail")


def test_the_request_names_each_person_once_and_tracks_nobody() -> None:
    sent = _request(message(), ["a@x.example", "b@x.example", "A@X.example"], "Lotwatch <l@x.example>").get()
    assert sent["personalizations"] == [
        {
            "to": [{"email": "a@x.example"}, {"email": "b@x.example"}],
            "custom_args": {"reference": "alert 1"},
        }
    ]
    assert sent["from"] == {"name": "Lotwatch", "email": "l@x.example"}
    assert sent["tracking_settings"]["click_tracking"] == {"enable": False, "enable_text": False}
    assert sent["tracking_settings"]["open_tracking"] == {"enable": False}


@pytest.mark.parametrize(
    ("key", "host", "sender"),
    [
        ("", "https://x.example", "l@x.example"),
        ("k", "x.example", "l@x.example"),
        ("k", "https://x.example", "Lotwatch"),
    ],
)
def test_a_connection_that_cannot_work_says_so_at_once(
    monkeypatch: pytest.MonkeyPatch, key: str, host: str, sender: str
) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.someone-elses")
    with pytest.raises(LotwatchError, match="connection of the mail service"):
        SendGrid(key, host, sender)
