"""A mail/send request as SendGrid's OpenAPI description (Mail API 1.0.0) has it, with the rules its prose adds."""

import base64
import json
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, model_validator

_OURS_TO_SET = {
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding",
    "to", "from", "subject", "reply-to", "cc", "bcc",
}  # fmt: skip
_LARGEST_ARGUMENTS = 10_000  # bytes


def _free_headers(headers: dict[str, str]) -> dict[str, str]:
    taken = sorted(name for name in headers if name.lower() in _OURS_TO_SET)
    if taken:
        raise ValueError(f"these headers may not be overridden: {', '.join(taken)}")
    return headers


def _small(arguments: dict[str, str]) -> dict[str, str]:
    if len(json.dumps(arguments, ensure_ascii=False).encode()) > _LARGEST_ARGUMENTS:
        raise ValueError(f"may not exceed {_LARGEST_ARGUMENTS} bytes")
    return arguments


def _all_different(values: list[Any]) -> list[Any]:
    if any(value in values[:position] for position, value in enumerate(values)):
        raise ValueError("must not contain the same twice")
    return values


def _is_base64(content: str) -> str:
    base64.b64decode(content, validate=True)
    return content


class Address(BaseModel):
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
    name: str | None = None


Addresses = Annotated[list[Address], Field(max_length=1000)]
Arguments = Annotated[dict[str, str], Field(max_length=10_000), AfterValidator(_small)]
Headers = Annotated[dict[str, str], AfterValidator(_free_headers)]
Subject = Annotated[str, Field(min_length=1)]


class Personalization(BaseModel):
    """An envelope: who receives one message."""

    sender: Address | None = Field(None, alias="from")
    to: Annotated[Addresses, Field(min_length=1)]
    cc: Addresses = []
    bcc: Addresses = []
    subject: Subject | None = None
    headers: Headers = {}
    substitutions: Annotated[dict[str, str], Field(max_length=10_000)] = {}
    dynamic_template_data: dict[str, Any] = {}
    custom_args: Arguments = {}
    send_at: int | None = None

    @model_validator(mode="after")
    def _each_address_once(self) -> Self:
        addresses = [each.email.lower() for each in [*self.to, *self.cc, *self.bcc]]
        if len(set(addresses)) < len(addresses):
            raise ValueError("each email address must be unique between to, cc and bcc")
        return self


class Content(BaseModel):
    type: Annotated[str, Field(min_length=1)]
    value: Annotated[str, Field(min_length=1)]


class Attachment(BaseModel):
    content: Annotated[str, Field(min_length=1), AfterValidator(_is_base64)]
    type: Annotated[str, Field(min_length=1)] | None = None
    filename: str
    disposition: Literal["inline", "attachment"] = "attachment"
    content_id: str | None = None


class Asm(BaseModel):
    group_id: int
    groups_to_display: Annotated[list[int], Field(max_length=25)] = []


class Switch(BaseModel):
    enable: bool | None = None


class Footer(Switch):
    text: str | None = None
    html: str | None = None


class MailSettings(BaseModel):
    bypass_list_management: Switch | None = None
    bypass_spam_management: Switch | None = None
    bypass_bounce_management: Switch | None = None
    bypass_unsubscribe_management: Switch | None = None
    footer: Footer | None = None
    sandbox_mode: Switch | None = None


class ClickTracking(Switch):
    enable_text: bool | None = None


class OpenTracking(Switch):
    substitution_tag: str | None = None


class SubscriptionTracking(Switch):
    text: str | None = None
    html: str | None = None
    substitution_tag: str | None = None


class Ganalytics(Switch):
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None
    utm_campaign: str | None = None


class TrackingSettings(BaseModel):
    click_tracking: ClickTracking | None = None
    open_tracking: OpenTracking | None = None
    subscription_tracking: SubscriptionTracking | None = None
    ganalytics: Ganalytics | None = None


class MailSend(BaseModel):
    """The body of a mail/send request."""

    personalizations: Annotated[list[Personalization], Field(min_length=1, max_length=1000)]
    sender: Address = Field(alias="from")
    reply_to: Address | None = None
    reply_to_list: Annotated[Addresses, AfterValidator(_all_different)] = []
    subject: Subject | None = None
    content: list[Content] = []
    attachments: list[Attachment] = []
    template_id: str | None = None
    headers: Headers = {}
    categories: Annotated[
        list[Annotated[str, Field(max_length=255)]], Field(max_length=10), AfterValidator(_all_different)
    ] = []
    custom_args: Arguments = {}  # described as a string, which its own prose contradicts: an object, as on the envelope
    send_at: int | None = None
    batch_id: str | None = None
    asm: Asm | None = None
    ip_pool_name: Annotated[str, Field(min_length=2, max_length=64)] | None = None
    mail_settings: MailSettings | None = None
    tracking_settings: TrackingSettings | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.template_id is None:
            if not self.content:
                raise ValueError("content is required unless there is a template_id")
            if self.subject is None and any(each.subject is None for each in self.personalizations):
                raise ValueError("subject is required unless each personalization or the template has one")
        if self.reply_to and self.reply_to_list:
            raise ValueError("use either reply_to or reply_to_list, not both")
        types = [part.type for part in self.content]
        if "text/plain" in types[1:]:
            raise ValueError("text/plain must be the first content, and given once")
        return self

    @property
    def is_rehearsal(self) -> bool:
        """Whether it only asks to be checked."""
        settings = self.mail_settings
        return bool(settings and settings.sandbox_mode and settings.sandbox_mode.enable)


class ReceivedMessage(BaseModel):
    """A message as it would have reached the people of one envelope; `request` is what was sent, as it was sent."""

    message_id: str
    received_at: AwareDatetime
    sender: Address
    to: list[Address]
    cc: list[Address]
    bcc: list[Address]
    subject: str
    text: str | None
    html: str | None
    custom_args: dict[str, str]
    request: dict[str, Any]
