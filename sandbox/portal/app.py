"""The portal's routes.

They are coroutines that touch the order book without awaiting in between, so no two requests can accept the same order.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse

from sandbox.http import Mood, Problems, bearer, control, copies, failure, new_app, newest, render
from sandbox.portal.models import Code, Confirmation, FoundOrders, Order, ReceivedOrder
from sandbox.portal.orders import ConflictError, OrderBook

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
    app.include_router(control(control_token, mood, book.clear))

    @app.get("/control/orders", dependencies=[Depends(bearer({control_token: "control"}))], include_in_schema=False)
    async def received() -> dict[str, Any]:
        return {
            "orders": book.all,
            "accepted": len(book.all),
            "duplicates": book.duplicates(),
            "replays": book.replays,
        }

    @app.get("/", include_in_schema=False)
    async def orders_page(page: Annotated[int, Query(ge=1)] = 1) -> HTMLResponse:
        return render("portal/orders.html", newest(book.all, page))

    return app


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
        return await mood.after(suffered) or _confirm(status, kept)

    @router.get("", response_model=FoundOrders)
    async def find_orders(reference: Annotated[Code, Query()], buyer: Buyer) -> Response | FoundOrders:
        """The buyer's orders with this reference: none, or one unless something went wrong."""
        suffered = mood.take("look_up")
        found = FoundOrders(orders=[each.confirmation for each in book.find(buyer, reference)])
        return await mood.before(suffered) or await mood.after(suffered) or found

    @router.get("/{confirmation_number}", responses={404: {"model": Problems}})
    async def get_order(confirmation_number: str, buyer: Buyer) -> Confirmation:
        """One of the buyer's orders by the portal's own number."""
        kept = book.get(buyer, confirmation_number)
        if kept is None:
            raise HTTPException(404, "no order of yours has this confirmation number")
        return kept.confirmation

    return router


def _confirm(status: int, kept: ReceivedOrder) -> Response:
    return JSONResponse(kept.confirmation.model_dump(mode="json"), status)
