"""Cases that buyers open at the portal: what is late, lost, damaged or short, each once for its buyer's reference."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from sandbox.http import Journal, Mood, Problems, bearer, copies, failure
from sandbox.portal.models import Code


class CaseLine(BaseModel):
    """An item that it is about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    item_code: Code
    supplier_item_code: Code | None = None
    quantity: Annotated[int, Field(strict=True, ge=1, le=10_000_000)]


class Case(BaseModel):
    """What is wrong, and what the buyer asks: a new date or confirmation, a claim number, or the cause and what is done about it.
    `reference` is the buyer's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference: Code
    supplier_code: Code
    subject: Annotated[str, Field(min_length=1, max_length=500)]
    asks: Literal["date", "claim", "measures"]
    answer_by: AwareDatetime
    order_number: Code | None = None
    delivery_number: Code | None = None
    carrier: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    tracking_number: Code | None = None
    lines: Annotated[list[CaseLine], Field(min_length=1, max_length=500)]


class CaseReceipt(BaseModel):
    """The portal's word that it has the case."""

    case_number: str
    reference: str
    received_at: AwareDatetime


class ReceivedCase(CaseReceipt):
    """A case as the portal keeps it."""

    buyer: str
    case: Case


class FoundCases(BaseModel):
    """The answer to a look-up."""

    cases: list[CaseReceipt]


def routes(cases: Journal[ReceivedCase], buyers: dict[str, str], mood: Mood) -> APIRouter:
    """Opening a case and looking one up."""
    refusals: dict[int | str, dict[str, Any]] = {
        401: {"model": Problems, "description": "No buyer holds this token."},
        422: {"model": Problems, "description": "Something is not as described; `field` names it."},
        429: {"model": Problems, "description": "Come back after the seconds in Retry-After."},
    }
    router = APIRouter(prefix="/api/v1/cases", tags=["cases"], responses=refusals)
    Buyer = Annotated[str, Depends(bearer(buyers))]
    Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=255)]

    def of(buyer: str, reference: str) -> list[ReceivedCase]:
        return [each for each in cases.records if (each.buyer, each.reference) == (buyer, reference)]

    @router.post(
        "",
        status_code=201,
        response_model=CaseReceipt,
        responses={
            200: {"model": CaseReceipt, "description": "Received before: the first answer again."},
            409: {"model": Problems, "description": "This reference was received with another content."},
        },
    )
    async def open_case(case: Case, key: Key, buyer: Buyer) -> Response:
        """Open a case; sending the same again opens no other."""
        suffered = mood.take("send")
        if (answer := await mood.before(suffered)) is not None:
            return answer
        status, known = 200, of(buyer, case.reference)
        if known and known[0].case != case:
            return failure(409, f"received before, as {known[0].case_number}, with another content", "reference")
        if not known:
            first = len(cases.records) + 1
            known = [
                ReceivedCase(
                    case_number=f"CA-{first + copy:06d}", reference=case.reference, received_at=datetime.now(UTC),
                    buyer=buyer, case=case,
                )
                for copy in range(copies(suffered))
            ]  # fmt: skip
            cases.append(*known)
            status = 201
        receipt = CaseReceipt.model_validate(known[0].model_dump(include=set(CaseReceipt.model_fields)))
        return await mood.after(suffered) or JSONResponse(receipt.model_dump(mode="json"), status)

    @router.get("", response_model=FoundCases)
    async def find_cases(reference: Annotated[Code, Query()], buyer: Buyer) -> Response | FoundCases:
        """The buyer's cases with this reference: none, or one unless something went wrong."""
        suffered = mood.take("look_up")
        found = FoundCases(cases=[*of(buyer, reference)])
        return await mood.before(suffered) or await mood.after(suffered) or found

    return router
