"""SMS through Alibaba Cloud (阿里云短信): its own client, over a connection of ours.

In China an SMS is a template that was approved beforehand. What varies are a few short parameters, and none of them may be
a link: the template itself holds the board's address.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_dysmsapi20170525.models import SendSmsRequest
from alibabacloud_tea_openapi.utils import Utils
from alibabacloud_tea_openapi.utils_models import Config, OpenApiRequest, Params
from darabonba.request import DaraRequest
from darabonba.runtime import RuntimeOptions

from lotwatch.delivery.channels.message import Message
from lotwatch.delivery.channels.recipients import numbers, one_by_one
from lotwatch.delivery.channels.text import longest
from lotwatch.delivery.channels.web import Answer, Web, robot_url
from lotwatch.delivery.outcome import LONGEST_WAIT, DeliveryError
from lotwatch.errors import LotwatchError

API = "https://dysmsapi.aliyuncs.com"
#: parameters of a template and the parts of a message that they are; characters of each
PARAMETERS: Mapping[str, str] = {"text": "short"}
LONGEST_PARAMETER = 35
_LONGEST_ID = 256
_ALGORITHM = "ACS3-HMAC-SHA256"
#: codes that pass, and the seconds to wait; what limits by the hour or the day says so in its message
_LATER = {
    "isv.BUSINESS_LIMIT_CONTROL": 60.0,
    "isv.DAY_LIMIT_CONTROL": LONGEST_WAIT,
    "isp.SYSTEM_ERROR": None,
    "isp.GATEWAY_ERROR": None,
}
_FOR_LONG = ("小时级", "天级", "HOUR", "DAY")


class AliyunSms:
    """`key_id` and `key_secret` are an AccessKey that may only send SMS; `signature` is the approved 签名.

    `templates` are the approved templates by language, `parameters` what each of their variables is: a field of `Message`.
    """

    def __init__(
        self,
        key_id: str,
        key_secret: str,
        signature: str,
        templates: Mapping[str, str],
        parameters: Mapping[str, str] = PARAMETERS,
        url: str = API,
        timeout: float = 20.0,
    ) -> None:
        """Raises LotwatchError where something is missing, or a parameter is none of a message's fields."""
        where = "connection of Alibaba Cloud SMS"
        if not (key_id and key_secret and signature and templates):
            raise LotwatchError(
                "The AccessKey, the signature or the templates are missing.",
                where=where,
                do='enter login and password, and {"signature": "...", "templates": {"zh": "SMS_..."}} as extra',
            )
        unknown = sorted(set(parameters.values()) - set(Message.model_fields))
        if unknown:
            raise LotwatchError(
                f"A message has no {unknown[0]}.", where=where, do=f"use {', '.join(Message.model_fields)}"
            )
        self._signature, self._templates, self._parameters = signature, dict(templates), dict(parameters)
        self._url = robot_url(url, "Alibaba Cloud SMS").rstrip("/")
        self._key = Config(access_key_id=key_id, access_key_secret=key_secret, endpoint=self._url.partition("://")[2])
        self._web = Web("Alibaba Cloud SMS", (key_secret,), timeout)

    def send(self, message: Message, to: Sequence[str]) -> str:
        """One SMS to each number of `to`; see `Channel`. The ids are Alibaba's BizIds; our reference is its OutId.

        A message in a language without a template goes out by the first one.
        """
        where = f"Alibaba Cloud SMS, message {message.reference}"
        values = {
            name: longest(" ".join(str(getattr(message, part)).split()), lambda cut: len(cut) <= LONGEST_PARAMETER)
            for name, part in self._parameters.items()
        }
        template = self._templates.get(message.lang) or next(iter(self._templates.values()))
        client = _Client(self._key, self._web, self._url, message.reference)

        def send_one(recipient: str) -> str:
            request = SendSmsRequest(
                phone_numbers=recipient.removeprefix("+86").removeprefix("+"),
                sign_name=self._signature,
                template_code=template,
                template_param=json.dumps(values, ensure_ascii=False),
                out_id=_id(message.reference),
            )
            return str(client.send_sms(request).body.biz_id)

        return one_by_one(numbers(to, where), send_one)


class _Client(Client):
    """How Alibaba's client posts: signed by it, sent as all channels do, and whatever is no acceptance is raised here."""

    def __init__(self, config: Config, web: Web, url: str, reference: str) -> None:
        super().__init__(config)
        self._web, self._url, self._reference = web, url, reference

    def call_api(self, params: Params, request: OpenApiRequest, runtime: RuntimeOptions) -> dict[str, Any]:
        """See `alibabacloud_tea_openapi.client.Client`."""
        content = sha256(b"").hexdigest()
        signed = DaraRequest()
        signed.method, signed.pathname, signed.query = params.method, params.pathname, request.query
        signed.headers = {
            "host": self._endpoint,
            "x-acs-version": params.version,
            "x-acs-action": params.action,
            "x-acs-date": Utils.get_timestamp(),
            "x-acs-signature-nonce": Utils.get_nonce(),
            "x-acs-content-sha256": content,
            "accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        key = self._credential.get_credential()
        signed.headers["Authorization"] = Utils.get_authorization(
            signed, _ALGORITHM, content, key.access_key_id, key.access_key_secret
        )
        answer = self._web.post(
            self._url + params.pathname, self._reference, body=b"", params=request.query, headers=signed.headers
        )
        return {"body": _accepted(answer), "headers": dict(answer.headers), "statusCode": answer.status}


def _accepted(answer: Answer) -> dict[str, Any]:
    """The body of an acceptance: its Code is OK. Raises what any other code, or status, means."""
    if answer.status in {200, 400, 403, 404, 429, 503}:
        try:
            said = answer.json()
        except DeliveryError:
            if answer.status == 200:
                raise
            raise answer.error() from None
        code, words = said.get("Code"), str(said.get("Message"))
        if code == "OK" and answer.status == 200 and said.get("BizId"):
            return said
        if code in _LATER:
            wait = LONGEST_WAIT if any(each in words for each in _FOR_LONG) else _LATER[code]
            raise answer.unavailable(code, words, wait)
        if str(code).startswith("Throttling"):
            raise answer.unavailable(code, words, None)
        if answer.status == 200 and (not code or code in {"OK", "isp.UNKNOWN"}):
            raise answer.unclear(f"The answer does not say whether it was accepted ({code})")
        if answer.status < 500 and code:
            raise answer.refused(code, words)
    raise answer.error()


def _id(reference: str) -> str:
    return reference if len(reference.encode()) < _LONGEST_ID else sha256(reference.encode()).hexdigest()
