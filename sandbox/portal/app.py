"""The portal's routes: REST here, UBL and cXML beside it, all on the same books.

They are coroutines that touch the order book without awaiting in between, so no two requests can accept the same order.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse

from sandbox.http import Mood, Problems, bearer, control, copies, failure, new_app, newest, render
from sandbox.portal import cases, cxml, ubl
from sandbox.portal.models import (
    Answers,
    AnswerWish,
    Code,
    Confirmation,
    FoundOrders,
    Order,
    OrderCancellation,
    OrderChange,
    Policy,
    ReceivedOrder,
)
from sandbox.portal.orders import ConflictError, OrderBook, UnknownOrderError
from sandbox.portal.reading import page_of, suffering

_LARGEST_ORDER = 512 * 1024  # bytes; 500 lines take a fifth of it
_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problems, "description": "No buyer holds this token."},
    422: {"model": Problems, "description": "Something is not as described; `field` names it."},
    429: {"model": Problems, "description": "Come back after the seconds in Retry-After."},
}
IdempotencyKey = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=255)]


def create_app(book: OrderBook, buyers: dict[str, str], control_token: str) -> FastAPI:
    """The portal over `book`, for `buyers` (token -> name)."""
    app = new_app(
        "Supplier portal",
        "Purchase orders from buyers' systems. Each buyer holds a bearer token.",
        largest_body=_LARGEST_ORDER,
        invalid_status=422,
    )
    mood = Mood(reject_status=422)
    app.include_router(_order_routes(book, buyers, mood))
    app.include_router(_change_routes(book, buyers, mood))
    app.include_router(cases.routes(book.cases, buyers, mood))
    app.include_router(ubl.routes(book, buyers, mood))
    app.include_router(cxml.routes(book, buyers, mood))
    app.include_router(control(control_token, mood, book.clear))
    app.include_router(_control_routes(book, control_token))

    @app.get("/", include_in_schema=False)
    async def orders_page(page: Annotated[int, Query(ge=1)] = 1) -> HTMLResponse:
        return render("portal/orders.html", newest(book.all, page), book=book)

    return app


def _control_routes(book: OrderBook, control_token: str) -> APIRouter:
    allowed = [Depends(bearer({control_token: "control"}))]
    router = APIRouter(prefix="/control", dependencies=allowed, include_in_schema=False)

    @router.get("/orders")
    async def received() -> dict[str, Any]:
        return {
            "orders": book.all,
            "changes": book.changes,
            "accepted": len(book.all),
            "duplicates": book.duplicates(),
            "replays": book.replays,
        }

    @router.get("/cases")
    async def received_cases() -> dict[str, Any]:
        return {"cases": book.cases.records}

    @router.post("/policy")
    async def become(policy: Policy) -> Policy:
        book.policy = policy
        return policy

    @router.post("/answer")
    async def answer(wish: AnswerWish) -> dict[str, int]:
        found = [each for each in book.all if each.order.reference == wish.reference]
        for each in found:
            book.answer(each, wish, wish.issued_at or datetime.now(UTC))
        return {"answered": len(found)}

    return router


def _order_routes(book: OrderBook, buyers: dict[str, str], mood: Mood) -> APIRouter:
    router = APIRouter(prefix="/api/v1/orders", tags=["orders"], responses=_REFUSALS)
    Buyer = Annotated[str, Depends(bearer(buyers))]

    @router.post(
        "",
        status_code=201,
        response_model=Confirmation,
        responses={
            200: {"model": Confirmation, "description": "Received before under this key: the first answer again."},
            409: {"model": Problems, "description": "This reference was received under another key."},
        },
    )
    async def send_order(order: Order, key: IdempotencyKey, buyer: Buyer) -> Response:
        """Order; sending it again under the same key orders nothing more."""
        suffered = mood.take("send")
        if (answer := await mood.before(suffered)) is not None:
            return answer
        try:
            if (first := book.replayed(buyer, key, order)) is not None:
                status, kept = 200, first
            else:
                status, kept = 201, book.accept(buyer, key, order, datetime.now(UTC), copies(suffered))
        except ConflictError as conflict:
            return failure(422 if conflict.field == "Idempotency-Key" else 409, str(conflict), conflict.field)
        return await mood.after(suffered) or _confirm(book, status, kept)

    @router.get("", response_model=FoundOrders)
    async def find_orders(reference: Annotated[Code, Query()], buyer: Buyer) -> Response | FoundOrders:
        """The buyer's orders with this reference: none, or one unless something went wrong."""
        suffered = mood.take("look_up")
        found = FoundOrders(orders=[book.confirmation(each) for each in book.find(buyer, reference)])
        return await mood.before(suffered) or await mood.after(suffered) or found

    @router.get("/{confirmation_number}", responses={404: {"model": Problems}})
    async def get_order(confirmation_number: str, buyer: Buyer) -> Confirmation:
        """One of the buyer's orders by the portal's own number."""
        kept = book.get(buyer, confirmation_number)
        if kept is None:
            raise HTTPException(404, "no order of yours has this confirmation number")
        return book.confirmation(kept)

    return router


def _change_routes(book: OrderBook, buyers: dict[str, str], mood: Mood) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["orders"], responses=_REFUSALS)
    Buyer = Annotated[str, Depends(bearer(buyers))]
    refusals: dict[int | str, dict[str, Any]] = {
        404: {"model": Problems, "description": "No order of yours has this reference."},
        409: {"model": Problems, "description": "The order was cancelled."},
    }

    async def change(buyer: str, key: str, document: OrderChange | OrderCancellation) -> Response:
        suffered = mood.take("send")
        if (answer := await mood.before(suffered)) is not None:
            return answer
        now = datetime.now(UTC)
        try:
            if isinstance(document, OrderChange):
                order = Order.model_validate(document.model_dump(exclude={"sequence"}))
                kept = book.change(buyer, key, document.reference, order, document.sequence, now)
            else:
                kept = book.change(buyer, key, document.reference, None, 0, now, document.reason)
        except UnknownOrderError as unknown:
            return failure(404, str(unknown), "reference")
        except ConflictError as conflict:
            return failure(409, str(conflict), conflict.field)
        return await mood.after(suffered) or _confirm(book, 200, kept)

    @router.post("/order-changes", response_model=Confirmation, responses=refusals)
    async def change_order(order: OrderChange, key: IdempotencyKey, buyer: Buyer) -> Response:
        """Change an order: it is sent whole, as it is to be."""
        return await change(buyer, key, order)

    @router.post("/order-cancellations", response_model=Confirmation, responses=refusals)
    async def cancel_order(cancellation: OrderCancellation, key: IdempotencyKey, buyer: Buyer) -> Response:
        """Cancel an order."""
        return await change(buyer, key, cancellation)

    @router.get("/order-responses", response_model=Answers)
    async def answers(buyer: Buyer, after: str | None = None) -> Response:
        """The supplier's answers to the buyer's orders, the first answer first, after the one with the number `after`."""
        suffered = mood.take("read")
        if (answer := await mood.before(suffered) or await mood.after(suffered)) is not None:
            return answer
        found, cursor, more = page_of(book.answers(buyer, "rest"), after)
        told = suffering([each.answer.model_dump(mode="json") for each in found], suffered, _spoil)
        return JSONResponse({"responses": told, "cursor": cursor, "more": more})

    return router


def _spoil(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "issued_at": "yesterday"}


def _confirm(book: OrderBook, status: int, kept: ReceivedOrder) -> Response:
    return JSONResponse(book.confirmation(kept).model_dump(mode="json"), status)
