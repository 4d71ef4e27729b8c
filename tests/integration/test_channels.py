"""Every way to people against a server that answers as the provider's own description says, its failures included."""

import json
import logging
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from aiosmtpd.controller import Controller
from airflow.exceptions import AirflowNotFoundException
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lotwatch.delivery.channels import Channel, Message
from lotwatch.delivery.channels.aliyun import AliyunSms
from lotwatch.delivery.channels.config import ChannelConfig, load_channels
from lotwatch.delivery.channels.dingtalk import DingTalk
from lotwatch.delivery.channels.feishu import Feishu
from lotwatch.delivery.channels.slack import Slack, SlackWebhook
from lotwatch.delivery.channels.smtp import Smtp
from lotwatch.delivery.channels.teams import Teams
from lotwatch.delivery.channels.twilio import Twilio
from lotwatch.delivery.channels.webhook import Webhook
from lotwatch.delivery.channels.wecom import WeCom
from lotwatch.delivery.outcome import Refused, Unavailable, Unclear
from lotwatch.errors import LotwatchError
from lotwatch_airflow.message_events import airflow_readers
from lotwatch_airflow.systems import channels
from lotwatch_local import airflow
from lotwatch_local.settings import Settings
from sandbox.channels.providers import ACCESS_KEY, ACCOUNT, TEAM
from tests.conftest import free_port
from tests.integration import servers
from tests.integration.servers import CHANNELS_TOKEN, PATIENCE, Server
from tests.integration.test_portal import one_answer

SECRET = CHANNELS_TOKEN
MESSAGE = Message(
    reference="alert:17:zh",
    lang="zh",
    severity="critical",
    subject="缺货风险：STENT-3.0",
    text="华东仓库的 STENT-3.0 只够用两天。\n建议：今天下单 40 件。",
    html="<p>华东仓库的 STENT-3.0 只够用两天。</p>",
    short="严重：STENT-3.0 在华东仓库只够用两天",
    link="https://board.hospital.example/lotwatch/alerts/17?lang=zh",
)
LONG = MESSAGE.model_copy(update={"text": "心脏支架库存不足，请立即处理。" * 5000, "short": "支架" * 150})
LINK = MESSAGE.link


@dataclass(frozen=True)
class Kind:
    """A channel, how it is made for an address, whom it calls, and the codes of its provider."""

    name: str
    make: Callable[[str, float], Channel]
    to: tuple[str, ...]
    codes: tuple[tuple[str, type[Exception]], ...]
    #: seconds it is told to wait when there was too much; None: what the server asked for
    wait: float | None = None


KINDS = [
    Kind(
        "wecom",
        lambda url, patience: WeCom(f"{url}/cgi-bin/webhook/send?key={SECRET}", patience),
        ("zhang.san",),
        (("45009", Unavailable), ("-1", Unavailable), ("93000", Refused), ("40058", Refused)),
        60,
    ),
    Kind(
        "dingtalk",
        lambda url, patience: DingTalk(f"{url}/robot/send?access_token={SECRET}", SECRET, patience),
        ("zhangsan", "+13800000000"),
        (("130101", Unavailable), ("410100", Unavailable), ("310000", Refused), ("300001", Refused)),
        600,
    ),
    Kind(
        "feishu",
        lambda url, patience: Feishu(f"{url}/open-apis/bot/v2/hook/{SECRET}", SECRET, patience),
        ("ou_123",),
        (("11232", Unavailable), ("9499", Refused), ("19021", Refused), ("19001", Refused), ("19024", Refused)),
        60,
    ),
    Kind(
        "slack_webhook",
        lambda url, patience: SlackWebhook(f"{url}/services/{TEAM}/{SECRET}", patience),
        ("U123",),
        (("no_service", Refused), ("channel_is_archived", Refused), ("rollup_error", Unavailable)),
    ),
    Kind(
        "slack",
        lambda url, patience: Slack(SECRET, "C0SANDBOX", url, patience),
        ("U123",),
        (
            ("ratelimited", Unavailable),
            ("service_unavailable", Unavailable),
            ("fatal_error", Unclear),
            ("invalid_auth", Refused),
        ),
    ),
    Kind(
        "teams",
        lambda url, patience: Teams(f"{url}/workflows/1/triggers/manual/paths/invoke?sig={SECRET}", patience),
        ("a@hospital.example",),
        (("429", Unavailable), ("502", Unavailable), ("403", Refused), ("413", Refused), ("401", Refused)),
    ),
    Kind(
        "twilio",
        lambda url, patience: Twilio(ACCOUNT, SECRET, "+15005550006", None, url, patience),
        ("+15005550001",),
        (
            ("20429", Unavailable),
            ("14107", Unavailable),
            ("21211", Refused),
            ("21610", Refused),
            ("20003", Refused),
            ("30001", Unavailable),
            ("30003", Refused),
            ("30007", Refused),
        ),
    ),
    Kind(
        "aliyun_sms",
        lambda url, patience: AliyunSms(ACCESS_KEY, SECRET, "医院", {"zh": "SMS_1"}, url=url, timeout=patience),
        ("+8613800000000",),
        (
            ("isv.BUSINESS_LIMIT_CONTROL", Unavailable),
            ("isp.SYSTEM_ERROR", Unavailable),
            ("Throttling.User", Unavailable),
            ("ServiceUnavailable", Unavailable),
            ("isp.UNKNOWN", Unclear),
            ("isv.MOBILE_NUMBER_ILLEGAL", Refused),
            ("isv.AMOUNT_NOT_ENOUGH", Refused),
            ("SignatureDoesNotMatch", Refused),
        ),
        60,
    ),
    Kind(
        "webhook",
        lambda url, patience: Webhook(f"{url}/hooks/lotwatch", SECRET, patience),
        ("ops",),
        (("429", Unavailable), ("503", Unavailable), ("502", Unclear), ("401", Refused), ("410", Refused)),
    ),
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@dataclass(frozen=True)
class Site:
    """The server and its mail server's port."""

    server: Server
    smtp_port: int

    def received(self) -> list[dict[str, Any]]:
        return list(self.server.received("messages")["messages"])

    def smtp(self, patience: float = PATIENCE, port: int | None = None) -> Smtp:
        login = {"user": "lotwatch", "password": SECRET, "security": "none", "timeout": patience}
        return Smtp("127.0.0.1", "Lotwatch <l@hospital.example>", port=port or self.smtp_port, **login)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    port = free_port()
    with servers.channels(tmp_path_factory.mktemp("channels"), port) as server:
        yield Site(server, port)


@pytest.fixture
def site(running: Site) -> Site:
    running.server.reset()
    return running


def send(site: Site, kind: Kind, message: Message = MESSAGE, patience: float = PATIENCE) -> str:
    return kind.make(site.server.url, patience).send(message, kind.to)


# --- what arrives


@every_kind
def test_a_message_arrives_with_what_it_says_and_where_it_leads(site: Site, kind: Kind) -> None:
    message_id = send(site, kind)
    [received] = site.received()
    assert received["channel"] == kind.name
    assert [each.removeprefix("+").removeprefix("86") for each in received["to"]] == [
        each.removeprefix("+").removeprefix("86") for each in sorted(kind.to, reverse=True)
    ]
    assert message_id
    if kind.name == "aliyun_sms":  # a template's parameters; the link stands in the template
        assert MESSAGE.short in received["text"]
        assert received["reference"] == MESSAGE.reference
        assert message_id == f"{received['message_id']}^0"
    else:
        assert received["link"] == LINK
        assert "STENT-3.0" in received["text"]
    if kind.name in {"slack", "twilio"}:
        assert message_id == received["message_id"]


@every_kind
def test_a_long_text_is_cut_between_characters_and_never_in_the_link(site: Site, kind: Kind) -> None:
    send(site, kind, LONG)
    [received] = site.received()
    assert "\ufffd" not in received["text"]
    if kind.name == "webhook":
        assert received["text"] == LONG.text
    elif kind.name != "aliyun_sms":
        assert "…" in received["text"]
        assert received["link"] == LINK


@every_kind
def test_nobody_is_called_who_was_not_named(site: Site, kind: Kind) -> None:
    hostile = "<@all> <!channel> @everyone [pay](https://evil.example) <at id=all></at>"
    send(site, kind, MESSAGE.model_copy(update={"text": hostile, "short": hostile[:80]}))
    [received] = site.received()
    assert "all" not in received["to"]
    sent = json.dumps(received["request"], ensure_ascii=False)
    if kind.name in {"wecom", "dingtalk", "teams"}:
        assert "](https://evil" not in sent
        assert "<@all>" not in sent
    if kind.name.startswith("slack"):
        assert "<!channel>" not in sent
    if kind.name == "feishu":  # as plain text, which calls nobody
        assert sent.count("lark_md") == 1


@pytest.mark.parametrize("kind", [each for each in KINDS if each.name not in {"twilio", "aliyun_sms", "webhook"}])
def test_a_robot_calls_no_one_when_it_is_not_told_whom(site: Site, kind: Kind) -> None:
    kind.make(site.server.url, PATIENCE).send(MESSAGE, ())
    [received] = site.received()
    assert received["to"] == []


@pytest.mark.parametrize(
    ("kind", "to"),
    [
        (KINDS[0], ["all"]),
        (KINDS[0], ["a><@b"]),
        (KINDS[3], ["channel"]),
        (KINDS[5], ["no address"]),
        (KINDS[6], []),
        (KINDS[6], ["+1 500"]),
        (KINDS[7], ["1;2"]),
    ],
)
def test_who_cannot_be_reached_is_refused_before_anything_is_sent(site: Site, kind: Kind, to: list[str]) -> None:
    with pytest.raises(Refused):
        kind.make(site.server.url, PATIENCE).send(MESSAGE, to)
    assert site.received() == []


# --- what goes wrong


@every_kind
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
def test_each_failure_has_its_outcome(site: Site, kind: Kind, mode: str, outcome: type[Exception], kept: int) -> None:
    if (kind.name, mode) in {("webhook", "malformed"), ("teams", "malformed")}:
        outcome = Unclear if kind.name == "teams" else type(None)  # type: ignore[assignment]
    site.server.misbehave(mode, seconds=7 if mode == "429" else 0)
    if outcome is type(None):  # any 2xx is an acceptance, whatever it says
        assert send(site, kind)
    else:
        with pytest.raises(outcome) as error:
            send(site, kind)
        if mode == "429":
            expected = kind.wait if kind.wait is not None else {"teams": None, "twilio": None}.get(kind.name, 7)
            assert error.value.retry_after == expected  # type: ignore[attr-defined]
    assert len(site.received()) == kept


CODES = [pytest.param(kind, *each, id=f"{kind.name} {each[0]}") for kind in KINDS for each in kind.codes]


@pytest.mark.parametrize(("kind", "code", "outcome"), CODES)
def test_the_code_in_the_body_counts_whatever_the_status(
    site: Site, kind: Kind, code: str, outcome: type[Exception]
) -> None:
    site.server.misbehave("code", seconds=1, code=code)
    with pytest.raises(outcome):
        send(site, kind)
    assert site.received() == []


@every_kind
def test_patience_ends(site: Site, kind: Kind) -> None:
    site.server.misbehave("timeout_after_accept", seconds=2)
    with pytest.raises(Unclear):
        send(site, kind, patience=0.8)
    assert len(site.received()) == 1


@every_kind
def test_nobody_listening_means_nothing_was_sent(kind: Kind) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        kind.make(f"http://127.0.0.1:{free_port()}", PATIENCE).send(MESSAGE, kind.to)


@every_kind
def test_a_redirect_is_not_followed(site: Site, kind: Kind) -> None:
    redirect = f"HTTP/1.1 307 Elsewhere\r\nLocation: {site.server.url}/hooks/lotwatch\r\nContent-Length: 0\r\n\r\n"
    with one_answer(redirect.encode()) as url, pytest.raises(Unclear, match="307"):
        kind.make(url, PATIENCE).send(MESSAGE, kind.to)
    assert site.received() == []


@every_kind
def test_an_endless_answer_is_not_read_to_its_end(kind: Kind) -> None:
    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 200_000
    with one_answer(answer) as url, pytest.raises(Refused):
        kind.make(url, PATIENCE).send(MESSAGE, kind.to)


@pytest.mark.parametrize("kind", [each for each in KINDS if each.name not in {"webhook", "slack_webhook"}])
@pytest.mark.parametrize("body", [b"[" * 20_000, b"[]", b"null", b'{"errcode": "0"}', b"\xff"])
def test_an_answer_that_is_not_the_providers_is_no_acceptance(kind: Kind, body: bytes) -> None:
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    with one_answer(answer) as url, pytest.raises(Unclear):
        kind.make(url, PATIENCE).send(MESSAGE, kind.to)


@every_kind
def test_a_secret_is_never_told(site: Site, kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    answers = [
        f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(SECRET) + 8}\r\n\r\nno key {SECRET}!".encode(),
        b"",
    ]
    with caplog.at_level(logging.DEBUG):
        send(site, kind)
        told = []
        for answer in answers:
            with one_answer(answer) as url, pytest.raises((Refused, Unclear)) as error:
                kind.make(url, PATIENCE).send(MESSAGE, kind.to)
            told.append(str(error.getrepr(chain=True, style="short")))
        with pytest.raises(Unavailable) as error:
            kind.make(f"http://127.0.0.1:{free_port()}", PATIENCE).send(MESSAGE, kind.to)
        told.append(str(error.value) + repr(error.value.__cause__))
    assert SECRET not in caplog.text
    assert [SECRET in each for each in told] == [False] * 3


@pytest.mark.parametrize("kind", [each for each in KINDS if each.name in {"twilio", "aliyun_sms"}])
def test_one_number_that_refuses_does_not_keep_the_message_from_the_others(site: Site, kind: Kind) -> None:
    site.server.misbehave("reject")
    with pytest.raises(Refused) as error:
        kind.make(site.server.url, PATIENCE).send(MESSAGE, ["+8613800000001", "+8613800000002"])
    assert error.value.accepted == ("+8613800000002",)
    assert len(site.received()) == 1


def test_twilio_is_told_where_to_tell_what_became_of_it(site: Site) -> None:
    callback = "https://board.hospital.example/lotwatch-messages/v1/twilio"
    Twilio(ACCOUNT, SECRET, "MG123", callback, site.server.url).send(MESSAGE, ["+15005550001"])
    [received] = site.received()
    assert received["request"]["body"]["StatusCallback"] == f"{callback}?reference=alert%3A17%3Azh"
    assert received["request"]["body"]["MessagingServiceSid"] == "MG123"


def test_the_same_message_again_has_the_same_id_for_a_webhook(site: Site) -> None:
    kind = KINDS[-1]
    assert send(site, kind) == send(site, kind)
    assert [each["request"]["webhook_id"] for each in site.received()] == ["alert:17:zh"] * 2


def test_a_webhook_signed_long_ago_is_refused(site: Site) -> None:
    old = Webhook(f"{site.server.url}/hooks/lotwatch", SECRET, clock=lambda: 1_700_000_000.0)
    with pytest.raises(Refused):
        old.send(MESSAGE, ())


@pytest.mark.parametrize(
    "make",
    [
        lambda: WeCom(""),
        lambda: DingTalk("robot", ""),
        lambda: Feishu("ftp://x", ""),
        lambda: SlackWebhook("https://x y"),
        lambda: Slack("", "C1"),
        lambda: Teams(""),
        lambda: Twilio("AC1", "", "+1500"),
        lambda: AliyunSms("a", "b", "c", {}),
        lambda: AliyunSms("a", "b", "c", {"zh": "SMS_1"}, {"text": "nonsense"}),
        lambda: Webhook("https://x.example", "short"),
        lambda: Smtp("", "l@x.example"),
        lambda: Smtp("mail.example", "Lotwatch"),
        lambda: Smtp("mail.example", "l@x.example", user="u", password="p", security="none"),
    ],
)
def test_a_connection_that_cannot_work_says_so_at_once(make: Callable[[], Channel]) -> None:
    with pytest.raises(LotwatchError, match="connection of"):
        make()


# --- mail


def test_a_mail_arrives_whole_in_both_forms_and_is_known_again(site: Site) -> None:
    first = site.smtp().send(MESSAGE, ["a@x.example", "b@x.example"])
    second = site.smtp().send(MESSAGE, ["a@x.example"])
    mail, again = site.received()
    assert first == second == mail["message_id"] == again["message_id"]
    assert mail["to"] == ["a@x.example", "b@x.example"]
    assert mail["heading"] == MESSAGE.subject
    assert mail["text"].split() == MESSAGE.text.split()
    assert mail["request"]["html"].strip() == MESSAGE.html
    assert mail["request"]["headers"]["Auto-Submitted"] == "auto-generated"
    assert mail["request"]["sender"] == "l@hospital.example"


@pytest.mark.parametrize(
    ("mode", "outcome", "kept"),
    [
        ("429", Unavailable, 0),
        ("500", Unavailable, 0),
        ("reject", Refused, 0),
        ("malformed", Unclear, 1),
    ],
)
def test_what_a_mail_server_says_has_its_outcome(site: Site, mode: str, outcome: type[Exception], kept: int) -> None:
    site.server.misbehave(mode)
    with pytest.raises(outcome):
        site.smtp().send(MESSAGE, ["a@x.example"])
    assert len(site.received()) == kept


def test_silence_after_the_whole_mail_is_unclear(site: Site) -> None:
    site.server.misbehave("timeout_after_accept", seconds=2)
    with pytest.raises(Unclear):
        site.smtp(patience=0.8).send(MESSAGE, ["a@x.example"])
    assert len(site.received()) == 1


@pytest.mark.parametrize(
    ("to", "outcome", "accepted"),
    [
        (["nobody@x.example"], Refused, ()),
        (["later@x.example"], Unavailable, ()),
        (["a@x.example", "nobody@x.example"], Refused, ("a@x.example",)),
        (["nobody@x.example", "later@x.example", "a@x.example"], Unavailable, ("a@x.example",)),
    ],
)
def test_each_recipient_of_a_mail_has_an_outcome(
    site: Site, to: list[str], outcome: type[Exception], accepted: tuple[str, ...]
) -> None:
    with pytest.raises(outcome) as error:
        site.smtp().send(MESSAGE, to)
    assert error.value.accepted == accepted  # type: ignore[attr-defined]
    assert [each["to"] for each in site.received()] == ([list(accepted)] if accepted else [])


def test_a_mail_server_that_is_not_there_or_does_not_know_us(site: Site) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        site.smtp(port=free_port()).send(MESSAGE, ["a@x.example"])
    stranger = Smtp(
        "127.0.0.1", "l@x.example", port=site.smtp_port, user="lotwatch", password="guessed-it", security="none"
    )
    with pytest.raises(Refused, match="535") as error:
        stranger.send(MESSAGE, ["a@x.example"])
    assert "guessed-it" not in str(error.value)


class Keep:
    """Keeps whom a mail was for, when it came over TLS."""

    def __init__(self) -> None:
        self.to: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.to += envelope.rcpt_tos if session.ssl else []
        return "250 ok"


def test_mail_goes_out_over_tls_to_a_server_that_is_trusted_alone(tmp_path: Path) -> None:
    certificate = _certificate(tmp_path)
    offered = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    offered.load_cert_chain(certificate)
    kept = Keep()
    server = Controller(kept, hostname="127.0.0.1", port=free_port(), tls_context=offered, require_starttls=True)
    server.start()
    try:
        trusting = ssl.create_default_context(cafile=str(certificate))
        Smtp("localhost", "l@x.example", port=server.port, trust=trusting).send(MESSAGE, ["a@x.example"])
        with pytest.raises(Refused, match="not trusted"):
            Smtp("localhost", "l@x.example", port=server.port).send(MESSAGE, ["b@x.example"])
    finally:
        server.stop()
    assert kept.to == ["a@x.example"]


def test_a_server_without_tls_gets_no_mail_that_asks_for_it(site: Site) -> None:
    with pytest.raises(Refused, match="does not offer"):
        Smtp("127.0.0.1", "l@x.example", port=site.smtp_port).send(MESSAGE, ["a@x.example"])
    assert site.received() == []


def _certificate(folder: Path) -> Path:
    """A certificate of localhost with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509
        .CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*plain) + made.public_bytes(serialization.Encoding.PEM))
    return path


# --- people


def test_people_read_what_came_and_nothing_in_it_runs(site: Site) -> None:
    send(site, KINDS[3], MESSAGE.model_copy(update={"text": "<script>alert(1)</script>"}))
    site.smtp().send(MESSAGE.model_copy(update={"html": '"><script>alert(1)</script>'}), ["a@x.example"])
    page = requests.get(site.server.url, timeout=PATIENCE)
    assert "<script" not in page.text
    assert SECRET not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


# --- connections


@pytest.fixture
def connections(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The connections of a trial installation, to this server."""
    port = int(site.server.url.rpartition(":")[2])
    settings = Settings(home=tmp_path, port_channels=port, port_smtp=site.smtp_port)
    settings.secrets["channels_token"] = SECRET
    made = airflow.connections(settings)
    for conn_id, uri in made.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", uri)
    return made


def test_every_channel_of_a_trial_installation_reaches_its_stand_in(site: Site, connections: dict[str, str]) -> None:
    listed = load_channels()
    assert {channel.connection for channel in listed.values()} <= connections.keys()
    offered = channels(listed)
    to = {"twilio": ["+15005550001"], "aliyun_sms": ["13800000000"], "smtp": ["a@x.example"]}
    for name, channel in offered.items():
        if listed[name].kind != "sendgrid":  # which has a server of its own
            channel.send(MESSAGE, to.get(listed[name].kind, []))
    assert {each["channel"] for each in site.received()} == {each.kind for each in listed.values()} - {"sendgrid"}


def test_a_channel_that_is_set_up_wrongly_says_why_for_each_message(
    connections: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WECOM", "https://qyapi.weixin.qq.com")
    offered = channels({"wecom": ChannelConfig(kind="wecom", connection="wecom")})
    with pytest.raises(Refused, match="no address in the password"):
        offered["wecom"].send(MESSAGE, [])


def test_a_channel_without_a_connection_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(conn_id: str) -> Any:
        raise AirflowNotFoundException(conn_id)

    monkeypatch.setattr("lotwatch_airflow.channels.BaseHook.get_connection", missing)
    assert channels() == {}


def test_only_channels_whose_provider_can_be_known_are_told_what_became_of_messages(
    connections: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert airflow_readers().keys() == {"sendgrid"}
    callback = "callback=https%3A%2F%2Fboard.example%2Flotwatch-messages%2Fv1%2Ftwilio"
    monkeypatch.setenv("AIRFLOW_CONN_TWILIO", f"{connections['twilio']}&{callback}")
    monkeypatch.setenv("AIRFLOW_CONN_SENDGRID", "https://:key@api.sendgrid.com?events_key=nonsense")
    assert airflow_readers().keys() == {"twilio"}
