"""What each provider checks, and how it answers. Written from their descriptions, not from what sends to them."""

import hmac
import json
import re
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote
from uuid import uuid4

from fastapi.responses import JSONResponse, PlainTextResponse, Response

from lotwatch_local.airflow import SANDBOX_ACCESS_KEY as ACCESS_KEY
from lotwatch_local.airflow import SANDBOX_ACCOUNT as ACCOUNT

_LINK = re.compile(r"https?://[^\s)>\"]+")
TEAM = "T0SANDBOX/B0SANDBOX"


@dataclass(frozen=True)
class Sent:
    """A request. `token` is the secret of this server, which stands for that of each provider."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    token: str

    def json(self, code: str) -> dict[str, Any]:
        """The body, or the provider's refusal `code` where it is no object."""
        try:
            found = json.loads(self.body)
        except ValueError:
            raise Refusal(code) from None
        if not isinstance(found, dict):
            raise Refusal(code)
        return found

    def is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.token.encode())


class Refusal(Exception):  # noqa: N818
    """The provider says no, with a code of its own list."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Told:
    """What a provider would show to people."""

    text: str
    to: list[str] = field(default_factory=list)
    heading: str = ""
    link: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Provider:
    """`read` says what was sent, or raises Refusal. `error` answers with a code (and seconds to wait), `accepted` with an id.

    `busy` and `refusal` are the codes with which it turns away what is too much, and what it will not take.
    """

    name: str
    path: str
    read: Callable[[Sent], Told]
    accepted: Callable[[str], Response]
    error: Callable[[str, float], Response]
    busy: str
    refusal: str


# --- WeCom


def _wecom(sent: Sent) -> Told:
    if not sent.is_token(sent.query.get("key", "")):
        raise Refusal("93000")
    body = sent.json("40008")
    content = body.get("markdown", {}).get("content")
    if body.get("msgtype") != "markdown" or not isinstance(content, str):
        raise Refusal("40008")
    if len(content.encode()) > 4096:
        raise Refusal("40058")
    return Told(content, re.findall(r"<@([^>]+)>", content), content.partition("\n")[0], _last_link(content))


def _errcode(code: str, _: float) -> Response:
    return JSONResponse({"errcode": int(code), "errmsg": f"error {code}, hint: [17], from ip: 127.0.0.1"})


def _errcode_ok(_: str) -> Response:
    return JSONResponse({"errcode": 0, "errmsg": "ok"})


# --- DingTalk


def _dingtalk(sent: Sent) -> Told:
    if not sent.is_token(sent.query.get("access_token", "")):
        raise Refusal("300001")
    timestamp = sent.query.get("timestamp", "")
    expected = hmac.new(sent.token.encode(), f"{timestamp}\n{sent.token}".encode(), sha256).digest()
    fresh = timestamp.isdigit() and abs(time.time() * 1000 - int(timestamp)) < 3_600_000
    if not fresh or not hmac.compare_digest(sent.query.get("sign", ""), b64encode(expected).decode()):
        raise Refusal("310000")
    body = sent.json("43004")
    if len(sent.body) > 20_000:
        raise Refusal("460101")
    markdown, at = body.get("markdown", {}), body.get("at", {})
    if body.get("msgtype") != "markdown" or not markdown.get("title") or not markdown.get("text"):
        raise Refusal("400105")
    return Told(
        markdown["text"],
        at.get("atUserIds", []) + at.get("atMobiles", []),
        markdown["title"],
        _last_link(markdown["text"]),
    )


# --- Feishu


def _feishu(sent: Sent) -> Told:
    if not sent.is_token(sent.path.rpartition("/")[2]):
        raise Refusal("19001")
    body = sent.json("9499")
    timestamp = str(body.get("timestamp", ""))
    expected = b64encode(hmac.new(f"{timestamp}\n{sent.token}".encode(), b"", sha256).digest()).decode()
    fresh = timestamp.isdigit() and abs(time.time() - int(timestamp)) < 3600
    if not fresh or not hmac.compare_digest(str(body.get("sign", "")), expected):
        raise Refusal("19021")
    if len(sent.body) > 30_000 or body.get("msg_type") != "interactive":
        raise Refusal("9499")
    card = body["card"]
    texts = [part["text"]["content"] for part in card["elements"] if part["tag"] == "div"]
    link = next(part["actions"][0]["url"] for part in card["elements"] if part["tag"] == "action")
    called = re.findall(r"<at id=([^>]+)></at>", "".join(texts[1:]))
    return Told(texts[0], called, card["header"]["title"]["content"], link)


def _feishu_error(code: str, _: float) -> Response:
    words = {"9499": "Bad Request", "11232": "frequency limited psm[lark.oapi.app_platform_runtime]appID[0]"}
    return JSONResponse({"code": int(code), "msg": words.get(code, "refused"), "data": {}})


# --- Slack


def _slack_content(sent: Sent, code: str) -> Told:
    body = sent.json(code)
    blocks = {block["type"]: block for block in body.get("blocks", [])}
    if not body.get("text") or set(blocks) != {"header", "section", "actions"}:
        raise Refusal(code)
    heading, text = blocks["header"]["text"]["text"], blocks["section"]["text"]["text"]
    if len(heading) > 150 or not 1 <= len(text) <= 3000:
        raise Refusal(code)
    return Told(text, re.findall(r"<@([^>]+)>", text), heading, blocks["actions"]["elements"][0]["url"])


def _slack_webhook(sent: Sent) -> Told:
    if not sent.is_token(sent.path.rpartition("/")[2]):
        raise Refusal("no_service")
    return _slack_content(sent, "invalid_payload")


def _slack_webhook_error(code: str, seconds: float) -> Response:
    statuses = {"action_prohibited": 403, "no_service": 404, "channel_is_archived": 410, "rollup_error": 500}
    if code == "rate_limited":
        return PlainTextResponse(code, 429, {"Retry-After": str(round(seconds))})
    return PlainTextResponse(code, statuses.get(code, 400))


def _slack(sent: Sent) -> Told:
    if not sent.is_token(sent.headers.get("authorization", "").removeprefix("Bearer ")):
        raise Refusal("invalid_auth")
    told = _slack_content(sent, "invalid_blocks")
    if not sent.json("invalid_json").get("channel"):
        raise Refusal("channel_not_found")
    return told


def _slack_error(code: str, seconds: float) -> Response:
    body = {"ok": False, "error": code}
    return (
        JSONResponse(body, 429, {"Retry-After": str(round(seconds))}) if code == "ratelimited" else JSONResponse(body)
    )


# --- Teams


def _teams(sent: Sent) -> Told:
    if not sent.is_token(sent.query.get("sig", "")):
        raise Refusal("401")
    if len(sent.body) > 28_000:
        raise Refusal("413")
    [attachment] = sent.json("400").get("attachments", [{}])
    card = attachment.get("content", {})
    if attachment.get("contentType") != "application/vnd.microsoft.card.adaptive" or card.get("type") != "AdaptiveCard":
        raise Refusal("400")
    heading, text = (block["text"] for block in card["body"][:2])
    called = [each["mentioned"]["id"] for each in card["msteams"]["entities"]]
    return Told(text, called, heading, card["actions"][0]["url"])


def _teams_error(code: str, _: float) -> Response:
    """401 and 400 are the gateway's; what Teams itself says stands in the body of a 200."""
    if code in {"400", "401"}:
        words = {"error": {"code": "DirectApiAuthorizationRequired", "message": "The request could not be authorized."}}
        return JSONResponse(words, int(code))
    return PlainTextResponse(
        "Webhook message delivery failed with error: Microsoft Teams endpoint returned "
        f"HTTP error {code} with ContextId tcid=0,server=SANDBOX,cv=0.."
    )


# --- Twilio


def _twilio(sent: Sent) -> Told:
    login = b64decode(sent.headers.get("authorization", "").removeprefix("Basic ")).decode()
    if login.partition(":")[0] != ACCOUNT or not sent.is_token(login.partition(":")[2]):
        raise Refusal("20003")
    form = dict(parse_qsl(sent.body.decode()))
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", form.get("To", "")):
        raise Refusal("21211")
    if not (form.get("From") or form.get("MessagingServiceSid")):
        raise Refusal("21603")
    if not form.get("Body"):
        raise Refusal("21602")
    if len(form["Body"]) > 1600:
        raise Refusal("21617")
    reference = form.get("StatusCallback", "").partition("?reference=")[2]
    return Told(form["Body"], [form["To"]], "", _last_link(form["Body"]), reference)


def _twilio_message(sid: str, status: str, code: int | None) -> Response:
    body = {
        "sid": sid, "account_sid": ACCOUNT, "status": status, "error_code": code, "error_message": code and "refused",
        "to": None, "from": None, "body": None, "num_segments": "1", "num_media": "0", "direction": "outbound-api",
        "date_created": None, "date_updated": None, "date_sent": None, "price": None, "price_unit": "USD",
        "messaging_service_sid": None, "api_version": "2010-04-01", "uri": None, "subresource_uris": None,
    }  # fmt: skip
    return JSONResponse(body, 201)


def _twilio_error(code: str, _: float) -> Response:
    """What the network says of a message (30xxx) stands in a message that failed; all else is refused at once."""
    if code.startswith("30"):
        return _twilio_message(f"SM{uuid4().hex}", "failed", int(code))
    status = {"20429": 429, "20003": 401}.get(code, 400)
    info = f"https://www.twilio.com/docs/errors/{code}"
    return JSONResponse({"code": int(code), "message": "refused", "more_info": info, "status": status}, status)


# --- Alibaba Cloud SMS


def _aliyun(sent: Sent) -> Told:
    if sent.headers.get("x-acs-action") != "SendSms" or sent.headers.get("x-acs-version") != "2017-05-25":
        raise Refusal("InvalidAction.NotFound")
    if not hmac.compare_digest(sent.headers.get("authorization", ""), _acs3(sent)):
        raise Refusal("SignatureDoesNotMatch")
    query = sent.query
    if not all(re.fullmatch(r"1[0-9]{10}|[1-9][0-9]{6,14}", each) for each in query.get("PhoneNumbers", "").split(",")):
        raise Refusal("isv.MOBILE_NUMBER_ILLEGAL")
    if not query.get("SignName"):
        raise Refusal("isv.SMS_SIGNATURE_ILLEGAL")
    if not re.fullmatch(r"SMS_[0-9]+", query.get("TemplateCode", "")):
        raise Refusal("isv.SMS_TEMPLATE_ILLEGAL")
    values = json.loads(query.get("TemplateParam", "{}"))
    if any(len(value) > 35 for value in values.values()):
        raise Refusal("isv.PARAM_LENGTH_LIMIT")
    if any("://" in value for value in values.values()):
        raise Refusal("isv.PARAM_NOT_SUPPORT_URL")
    shown = f"【{query['SignName']}】{query['TemplateCode']} {json.dumps(values, ensure_ascii=False)}"
    return Told(shown, query["PhoneNumbers"].split(","), "", "", query.get("OutId", ""))


def _acs3(sent: Sent) -> str:
    """The Authorization that a request must have (ACS3-HMAC-SHA256): it signs these headers, and others that it names."""
    needed = {name for name in sent.headers if name.startswith("x-acs-") or name in {"host", "content-type"}}
    named = sent.headers.get("authorization", "").partition("SignedHeaders=")[2].partition(",")[0]
    names = sorted(needed | (set(named.split(";")) & set(sent.headers)))
    query = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(sent.query.items()))
    headers = "".join(f"{name}:{sent.headers[name].strip()}\n" for name in names)
    request = f"POST\n/\n{query}\n{headers}\n{';'.join(names)}\n{sha256(sent.body).hexdigest()}"
    text = f"ACS3-HMAC-SHA256\n{sha256(request.encode()).hexdigest()}"
    signature = hmac.new(sent.token.encode(), text.encode(), sha256).hexdigest()
    return f"ACS3-HMAC-SHA256 Credential={ACCESS_KEY},SignedHeaders={';'.join(names)},Signature={signature}"


def _aliyun_error(code: str, _: float) -> Response:
    """What the SMS service says stands in a 200; what the gateway says does not."""
    words = {"isv.BUSINESS_LIMIT_CONTROL": "触发分钟级流控Permits:1", "isv.DAY_LIMIT_CONTROL": "触发日发送限额"}
    body = {"Code": code, "Message": words.get(code, "refused"), "RequestId": str(uuid4())}
    status = 200 if code.startswith(("isv.", "isp.")) else 503 if code == "ServiceUnavailable" else 400
    return JSONResponse(body, status)


def _aliyun_ok(message_id: str) -> Response:
    return JSONResponse({"Code": "OK", "Message": "OK", "RequestId": str(uuid4()), "BizId": f"{message_id}^0"})


# --- any other system


def _webhook(sent: Sent) -> Told:
    message_id, timestamp = sent.headers.get("webhook-id", ""), sent.headers.get("webhook-timestamp", "")
    signed = f"{message_id}.{timestamp}.".encode() + sent.body
    expected = b64encode(hmac.new(sent.token.encode(), signed, sha256).digest()).decode()
    fresh = timestamp.isdigit() and abs(time.time() - int(timestamp)) < 300
    if not fresh or not hmac.compare_digest(sent.headers.get("webhook-signature", ""), f"v1,{expected}"):
        raise Refusal("401")
    body = sent.json("400")
    data = body.get("data", {})
    if body.get("type") != "lotwatch.message":
        raise Refusal("422")
    return Told(data["text"], data["to"], data["short"], data["link"], data["reference"])


def _status(code: str, seconds: float) -> Response:
    return JSONResponse(
        {"error": "refused"}, int(code), {"Retry-After": str(round(seconds))} if code == "429" else None
    )


def _last_link(text: str) -> str:
    found = _LINK.findall(text)
    return found[-1] if found else ""


PROVIDERS = (
    Provider("wecom", "/cgi-bin/webhook/send", _wecom, _errcode_ok, _errcode, "45009", "93000"),
    Provider("dingtalk", "/robot/send", _dingtalk, _errcode_ok, _errcode, "410100", "310000"),
    Provider(
        "feishu", "/open-apis/bot/v2/hook/{key}", _feishu,
        lambda _: JSONResponse({"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}),
        _feishu_error, "11232", "19024",
    ),
    Provider(
        "slack_webhook", f"/services/{TEAM}/{{key}}", _slack_webhook, lambda _: PlainTextResponse("ok"),
        _slack_webhook_error, "rate_limited", "channel_is_archived",
    ),
    Provider(
        "slack", "/api/chat.postMessage", _slack,
        lambda message_id: JSONResponse({"ok": True, "channel": "C0SANDBOX", "ts": message_id, "message": {}}),
        _slack_error, "ratelimited", "not_in_channel",
    ),
    Provider(
        "teams", "/workflows/{flow}/triggers/manual/paths/invoke", _teams, lambda _: Response(status_code=202),
        _teams_error, "429", "404",
    ),
    Provider(
        "twilio", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", _twilio,
        lambda message_id: _twilio_message(message_id, "queued", None), _twilio_error, "20429", "21610",
    ),
    Provider("aliyun_sms", "/", _aliyun, _aliyun_ok, _aliyun_error, "isv.BUSINESS_LIMIT_CONTROL", "isv.AMOUNT_NOT_ENOUGH"),
    Provider("webhook", "/hooks/lotwatch", _webhook, lambda _: Response(status_code=204), _status, "429", "410"),
)  # fmt: skip
