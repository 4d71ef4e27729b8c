"""Messages leave through SendGrid's own client, and its outcomes are told apart."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from lotwatch.delivery.channels import Message
from lotwatch.delivery.channels.sendgrid import SendGrid
from lotwatch.delivery.outcome import Refused, Unavailable, Unclear
from tests.conftest import free_port
from tests.integration import servers
from tests.integration.servers import PATIENCE, SENDGRID_KEY, Server
from tests.integration.test_portal import one_answer

SENDER = "Lotwatch <lotwatch@hospital.example>"
TO = ("buyer@hospital.example", "quality@hospital.example")
MESSAGE = Message(
    lang="en",
    severity="warning",
    short="Stock-out risk: STENT-3.0",
    link="https://hospital.example/board",
    subject="Stock-out risk 缺货风险: STENT-3.0",
    text="Two days of cover left.",
    html='<p>Two days of cover left. <a href="https://hospital.example/board">Board</a></p>',
    reference="alert 17",
)


@pytest.fixture(scope="module")
def running_mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with servers.mail(tmp_path_factory.mktemp("mail") / "its state") as server:
        yield server


@pytest.fixture
def mail(running_mail: Server) -> Server:
    running_mail.reset()
    return running_mail


@pytest.fixture
def client(mail: Server) -> SendGrid:
    return SendGrid(SENDGRID_KEY, mail.url, SENDER, timeout=PATIENCE)


def messages(mail: Server) -> list[dict[str, Any]]:
    return list(mail.received("messages")["messages"])


def request(**changes: Any) -> dict[str, Any]:
    sent = {
        "personalizations": [{"to": [{"email": "a@x.example"}]}],
        "from": {"email": "b@x.example"},
        "subject": "Hello",
        "content": [{"type": "text/plain", "value": "Hello"}],
    } | changes
    return {name: value for name, value in sent.items() if value is not None}


def post(mail: Server, body: Any, key: str = SENDGRID_KEY) -> requests.Response:
    return requests.post(
        f"{mail.url}/v3/mail/send", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=PATIENCE
    )


# --- accepting


def test_a_message_arrives_whole_and_can_be_found_by_its_reference(client: SendGrid, mail: Server) -> None:
    message_id = client.send(MESSAGE, TO)

    [received] = messages(mail)
    assert received["message_id"] == message_id
    assert [each["email"] for each in received["to"]] == list(TO)
    assert received["sender"] == {"email": "lotwatch@hospital.example", "name": "Lotwatch"}
    assert (received["subject"], received["text"], received["html"]) == (MESSAGE.subject, MESSAGE.text, MESSAGE.html)
    assert received["custom_args"] == {"reference": MESSAGE.reference}


def test_acceptance_has_an_empty_body(mail: Server) -> None:
    answer = post(mail, request())
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["X-Message-Id"]


def test_each_envelope_is_a_message_of_its_own(mail: Server) -> None:
    envelopes = [
        {"to": [{"email": "a@x.example"}], "subject": "For A", "custom_args": {"reference": "mine"}},
        {"to": [{"email": "b@x.example"}]},
    ]
    post(mail, request(personalizations=envelopes, custom_args={"reference": "everyone's"}))
    assert [(each["subject"], each["custom_args"]["reference"]) for each in messages(mail)] == [
        ("For A", "mine"),
        ("Hello", "everyone's"),
    ]


def test_a_rehearsal_is_checked_but_not_kept(mail: Server) -> None:
    assert post(mail, request(mail_settings={"sandbox_mode": {"enable": True}})).status_code == 200
    assert messages(mail) == []


def test_messages_survive_a_crash(tmp_path: Path) -> None:
    with servers.mail(tmp_path) as server:
        SendGrid(SENDGRID_KEY, server.url, SENDER, PATIENCE).send(MESSAGE, TO)
        before = messages(server)
        server.crash()
    with servers.mail(tmp_path) as server:
        assert messages(server) == before != []


# --- refusing


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": [{}]}, "personalizations.0.to"),
        ({"personalizations": [{"to": [{"email": "nobody"}]}]}, "personalizations.0.to.0.email"),
        ({"personalizations": [{"to": [{"email": "A@x.example"}, {"email": "a@x.example"}]}]}, "personalizations.0"),
        ({"from": None}, "from"),
        ({"subject": ""}, "subject"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
        ({"headers": {"X-SG-ID": "1"}}, "headers"),
        ({"custom_args": {"reference": "x" * 10_001}}, "custom_args"),
        ({"attachments": [{"content": "not base64!", "filename": "a.pdf"}]}, "attachments.0.content"),
    ],
)
def test_what_sendgrid_would_refuse_is_refused_in_its_form(mail: Server, changes: dict[str, Any], field: str) -> None:
    answer = post(mail, request(**changes))
    assert answer.status_code == 400
    problems = answer.json()["errors"]
    assert all(problem["message"] for problem in problems)
    assert field in [problem.get("field") for problem in problems]
    assert messages(mail) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": None},
        {"content": None},
        {"reply_to": {"email": "c@x.example"}, "reply_to_list": [{"email": "c@x.example"}]},
        {"content": [{"type": "text/html", "value": "<p>"}, {"type": "text/plain", "value": "-"}]},
    ],
)
def test_what_makes_no_sense_as_a_whole_is_refused(mail: Server, changes: dict[str, Any]) -> None:
    assert post(mail, request(**changes)).status_code == 400


def test_a_wrong_key_is_refused(mail: Server) -> None:
    with pytest.raises(Refused, match="HTTP 401: authorization required"):
        SendGrid("SG.guessed", mail.url, SENDER, PATIENCE).send(MESSAGE, TO)
    assert messages(mail) == []


def test_a_message_that_is_too_large_is_refused(client: SendGrid, mail: Server) -> None:
    with pytest.raises(Refused, match="HTTP 413: content too large"):
        client.send(MESSAGE.model_copy(update={"html": "x" * 1_000_000}), TO)


def test_a_text_that_sendgrids_client_takes_for_a_key_is_refused(client: SendGrid) -> None:
    with pytest.raises(Refused, match="begins like an API key"):
        client.send(MESSAGE.model_copy(update={"text": "SG.12.34 is short of stock"}), TO)


# --- misbehaving


@pytest.mark.parametrize(
    ("mode", "outcome", "kept"),
    [
        ("429", Unavailable, 0),
        ("500", Unavailable, 0),
        ("reject", Refused, 0),
        ("timeout_before_accept", Unclear, 0),
        ("timeout_after_accept", Unclear, 1),
        ("malformed", Unclear, 1),
    ],
)
def test_a_failing_service_is_told_apart(
    client: SendGrid, mail: Server, mode: str, outcome: type[Exception], kept: int
) -> None:
    mail.misbehave(mode)
    with pytest.raises(outcome, match="message alert 17"):
        client.send(MESSAGE, TO)
    assert len(messages(mail)) == kept


@pytest.mark.parametrize("mode", ["429", "500"])
def test_what_was_unavailable_is_sent_once_when_sent_again(client: SendGrid, mail: Server, mode: str) -> None:
    mail.misbehave(mode)
    with pytest.raises(Unavailable):
        client.send(MESSAGE, TO)
    client.send(MESSAGE, TO)
    assert len(messages(mail)) == 1


def test_a_service_that_keeps_silent_does_not_keep_us_waiting(mail: Server) -> None:
    impatient = SendGrid(SENDGRID_KEY, mail.url, SENDER, timeout=0.5)
    mail.misbehave("timeout_after_accept", seconds=300)
    with pytest.raises(Unclear, match="timed out"):
        impatient.send(MESSAGE, TO)


def test_a_slow_service_is_waited_for(client: SendGrid, mail: Server) -> None:
    mail.misbehave("latency", seconds=0.2)
    client.send(MESSAGE, TO)
    assert len(messages(mail)) == 1


def test_a_service_that_delivers_twice_is_seen_to(client: SendGrid, mail: Server) -> None:
    mail.misbehave("duplicate")
    message_id = client.send(MESSAGE, TO)
    assert [each["message_id"] for each in messages(mail)] == [message_id, message_id]


def test_the_service_says_how_long_to_wait(client: SendGrid, mail: Server) -> None:
    mail.misbehave("429", seconds=17)
    with pytest.raises(Unavailable) as error:
        client.send(MESSAGE, TO)
    assert error.value.retry_after == 17


# --- the network


def test_nobody_listening_means_nothing_was_sent() -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        SendGrid(SENDGRID_KEY, f"http://127.0.0.1:{free_port()}", SENDER, PATIENCE).send(MESSAGE, TO)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 500\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ],
    ids=["closed", "no id", "error cut off", "cut off", "another protocol"],
)
def test_an_answer_that_cannot_be_understood_is_unclear(answer: bytes) -> None:
    with one_answer(answer) as url, pytest.raises(Unclear):
        SendGrid(SENDGRID_KEY, url, SENDER, PATIENCE).send(MESSAGE, TO)


def test_a_page_we_were_redirected_to_is_not_an_acceptance(mail: Server) -> None:
    redirect = f"HTTP/1.1 302 Found\r\nLocation: {mail.url}/health\r\nContent-Length: 0\r\n\r\n"
    with one_answer(redirect.encode()) as url, pytest.raises(Unclear, match="HTTP 200"):
        SendGrid(SENDGRID_KEY, url, SENDER, PATIENCE).send(MESSAGE, TO)


def test_the_api_key_is_never_logged(client: SendGrid, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.send(MESSAGE, TO)
    assert SENDGRID_KEY not in caplog.text


# --- people


def test_people_read_the_message_and_nothing_in_it_runs(client: SendGrid, mail: Server) -> None:
    client.send(MESSAGE.model_copy(update={"html": '"><script>alert(1)</script>', "subject": "<b>Subject</b>"}), TO)
    answer = requests.get(mail.url, timeout=PATIENCE)
    assert "&lt;b&gt;Subject&lt;/b&gt;" in answer.text
    assert "&#34;&gt;&lt;script&gt;alert(1)" in answer.text
    assert "<script" not in answer.text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_inbox_comes_in_pages(client: SendGrid, mail: Server) -> None:
    for number in range(21):
        client.send(MESSAGE.model_copy(update={"subject": f"Message {number:03d}"}), TO)
    first, second = (requests.get(mail.url, params={"page": page}, timeout=PATIENCE).text for page in (1, 2))
    assert ("Message 020" in first, "Message 000" in first) == (True, False)
    assert ("Message 020" in second, "Message 000" in second) == (False, True)


# --- SendGrid's own description


class Description:
    """SendGrid's OpenAPI 3.1 description (its schemas are JSON Schema 2020-12)."""

    def __init__(self, path: Path) -> None:
        self.document = json.loads(path.read_text(encoding="utf-8"))
        self.operation = self.document["paths"]["/v3/mail/send"]["post"]

    def problems(self, instance: Any, reference: str) -> list[str]:
        """Where `instance` departs from the schema at `reference` ("#/components/...")."""
        schema = {"$ref": reference, "components": self.document["components"]}
        validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        return [error.message for error in validator.iter_errors(instance)]

    @property
    def request(self) -> str:
        return self.operation["requestBody"]["$ref"] + "/content/application~1json/schema"

    def answer(self, status: int) -> str:
        return self.operation["responses"][str(status)]["$ref"] + "/content/application~1json/schema"

    def examples(self) -> list[dict[str, Any]]:
        request = self.document["components"]["requestBodies"]["PostMailSend"]["content"]["application/json"]
        return [example["value"] for example in request["examples"].values()]


@pytest.fixture(scope="module")
def description(realdata: Path) -> Description:
    return Description(realdata / "sendgrid" / "tsg_mail_v3.json")


@pytest.mark.realdata
def test_our_requests_are_as_sendgrid_describes_them(client: SendGrid, mail: Server, description: Description) -> None:
    client.send(MESSAGE, TO)
    [received] = messages(mail)
    assert description.problems(received["request"], description.request) == []
    assert description.problems(received["request"] | {"from": {}}, description.request)  # it does look


@pytest.mark.realdata
def test_our_answers_are_as_sendgrid_describes_them(mail: Server, description: Description) -> None:
    answers = [
        post(mail, request(subject="")),
        post(mail, request(), key="SG.guessed"),
        requests.get(f"{mail.url}/v3/mail/send", timeout=PATIENCE),
        post(mail, request(subject="x" * 200_000)),
    ]
    mail.misbehave("500")
    answers.append(post(mail, request()))

    assert [answer.status_code for answer in answers] == [400, 401, 405, 413, 500]
    for answer in answers:
        assert description.problems(answer.json(), description.answer(answer.status_code)) == []
        assert answer.json()["errors"]


@pytest.mark.realdata
def test_sendgrids_own_examples_are_accepted(mail: Server, description: Description) -> None:
    examples = description.examples()
    assert len(examples) == 2
    for example in examples:
        assert post(mail, example).status_code == 202
    assert [each["request"] for each in messages(mail)] == [examples[0], examples[1], examples[1]]


@pytest.mark.realdata
def test_every_property_sendgrid_describes_is_known_here(description: Description) -> None:
    from sandbox.mail.models import MailSend

    ours = MailSend.model_json_schema()
    theirs = description.document["components"]["requestBodies"]["PostMailSend"]["content"]["application/json"]
    assert described(ours, ours) == described(theirs["schema"], description.document)


def described(schema: dict[str, Any], document: dict[str, Any], path: str = "") -> set[str]:
    """The dotted paths of all properties of `schema`, references followed within `document`."""
    found: set[str] = set()
    for part in [schema, *schema.get("anyOf", [])]:
        if "$ref" in part:
            target = document
            for step in part["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            found |= described(target, document, path)
        if "items" in part:
            found |= described(part["items"], document, path)
        for name, below in part.get("properties", {}).items():
            found |= {f"{path}.{name}"} | described(below, document, f"{path}.{name}")
    return found
