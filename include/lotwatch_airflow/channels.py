"""The ways to people, set up from Airflow connections. docs/channels.md says what stands where in each of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow.exceptions import AirflowNotFoundException
from airflow.sdk import BaseHook

from lotwatch.delivery.channels import Channel, Message
from lotwatch.delivery.channels.config import ChannelConfig, Kind, load_channels
from lotwatch.delivery.outcome import Refused
from lotwatch.errors import LotwatchError
from lotwatch_airflow.connection import url

SENDER = "Lotwatch <lotwatch@lotwatch.example>"


class Misconfigured:
    """A channel that cannot be used as it is set up: it refuses each message with the reason, so that another one is taken."""

    def __init__(self, error: LotwatchError) -> None:
        self._error = error

    def send(self, message: Message, to: Sequence[str]) -> str:
        """Raises Refused."""
        raise Refused(self._error.what, where=self._error.where, do=self._error.do)


def channels(listed: Mapping[str, ChannelConfig] | None = None) -> dict[str, Channel]:
    """The channels by name (None: those of `include/config/channels.yaml`) whose connections exist."""
    found: dict[str, Channel] = {}
    for name, channel in (load_channels() if listed is None else listed).items():
        try:
            known = BaseHook.get_connection(channel.connection)
        except AirflowNotFoundException:
            continue
        found[name] = _made(channel.kind, known)
    return found


def sendgrid(known: Any) -> Channel:
    """SendGrid from its connection. Raises LotwatchError."""
    from lotwatch.delivery.channels.sendgrid import SendGrid

    return SendGrid(known.password or "", url(known), known.extra_dejson.get("sender", SENDER))


def _made(kind: Kind, known: Any) -> Channel:
    try:
        return _MAKERS[kind](known)
    except LotwatchError as error:
        return Misconfigured(error)


# what a provider's client weighs is loaded by whoever uses it


def _smtp(known: Any) -> Channel:
    from lotwatch.delivery.channels.smtp import Smtp

    extra = known.extra_dejson
    return Smtp(
        known.host or "",
        extra.get("sender", SENDER),
        port=known.port,
        user=known.login or "",
        password=known.password or "",
        security=extra.get("security", "starttls"),
    )


def _twilio(known: Any) -> Channel:
    from lotwatch.delivery.channels.twilio import API, Twilio

    extra = known.extra_dejson
    address = url(known) if known.host else API
    sender, callback = extra.get("sender", ""), extra.get("callback")
    return Twilio(known.login or "", known.password or "", sender, callback, address)


def _aliyun_sms(known: Any) -> Channel:
    from lotwatch.delivery.channels.aliyun import API, PARAMETERS, AliyunSms

    extra = known.extra_dejson
    return AliyunSms(
        known.login or "",
        known.password or "",
        extra.get("signature", ""),
        _mapping(extra.get("templates")),
        _mapping(extra.get("parameters")) or PARAMETERS,
        url(known) if known.host else API,
    )


def _wecom(known: Any) -> Channel:
    from lotwatch.delivery.channels.wecom import WeCom

    return WeCom(known.password or "")


def _dingtalk(known: Any) -> Channel:
    from lotwatch.delivery.channels.dingtalk import DingTalk

    return DingTalk(known.password or "", known.extra_dejson.get("secret", ""))


def _feishu(known: Any) -> Channel:
    from lotwatch.delivery.channels.feishu import Feishu

    return Feishu(known.password or "", known.extra_dejson.get("secret", ""))


def _slack(known: Any) -> Channel:
    from lotwatch.delivery.channels.slack import API, Slack

    return Slack(known.password or "", known.extra_dejson.get("channel", ""), url(known) if known.host else API)


def _slack_webhook(known: Any) -> Channel:
    from lotwatch.delivery.channels.slack import SlackWebhook

    return SlackWebhook(known.password or "")


def _teams(known: Any) -> Channel:
    from lotwatch.delivery.channels.teams import Teams

    return Teams(known.password or "")


def _webhook(known: Any) -> Channel:
    from lotwatch.delivery.channels.webhook import Webhook

    return Webhook(known.password or "", known.extra_dejson.get("secret", ""))


def _mapping(written: Any) -> dict[str, str]:
    """An object in a connection's extra, which an address (...?templates={...}) holds as text."""
    import json

    return json.loads(written) if isinstance(written, str) else dict(written or {})


_MAKERS: Mapping[Kind, Callable[[Any], Channel]] = {
    "sendgrid": sendgrid,
    "smtp": _smtp,
    "twilio": _twilio,
    "aliyun_sms": _aliyun_sms,
    "wecom": _wecom,
    "dingtalk": _dingtalk,
    "feishu": _feishu,
    "slack": _slack,
    "slack_webhook": _slack_webhook,
    "teams": _teams,
    "webhook": _webhook,
}
