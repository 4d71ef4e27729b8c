"""The routes of the systems.

All answer from `company`; a test adds and changes rows, and sets the clock, under /control. They give fewer rows a page
than asked for where their owners' systems do.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Body, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from sandbox.http import Misbehaviour, Mood, bearer, control, cut_off, failure, new_app
from sandbox.tables import filters
from sandbox.tables.company import NOW, Table, company
from sandbox.tables.filters import BadFilterError, value_at

#: the server's own page, whatever is asked for
PAGE = 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINGDEE = "/K3Cloud/Kingdee.BOS.WebApi.ServicesStub"


class Wish(BaseModel):
    """What a test has happen in a system: rows that come or change (by their key), rows that go, the hour."""

    system: str = "sap"
    set: str = ""
    rows: list[dict[str, Any]] = []
    gone: list[dict[str, Any]] = []
    now: str | None = None
    end_sessions: bool = False


class World:
    """The systems, their clock, who is logged in, and how they misbehave."""

    def __init__(self, token: str) -> None:
        self.token, self.mood = token, Mood(reject_status=400)
        self.forget()

    def forget(self) -> None:
        self.systems, self.now = company(), _moment(NOW)
        self.sessions: set[str] = set()

    def wish(self, wish: Wish) -> None:
        """Do what a test asks for."""
        if wish.now:
            self.now = _moment(wish.now)
        if wish.end_sessions:
            self.sessions.clear()
        if wish.set:
            table = self.systems[wish.system][wish.set]
            for row in wish.gone:
                table.rows = [each for each in table.rows if _key(table, each) != _key(table, row)]
            for row in wish.rows:
                known = {_key(table, each): number for number, each in enumerate(table.rows)}
                if _key(table, row) in known:
                    table.rows[known[_key(table, row)]] |= row
                else:
                    table.rows.append(row)

    def touch(self, table: Table, row: Mapping[str, Any]) -> None:
        """Change a row that was shown: a moment later, by the clock of the system."""
        self.now += timedelta(seconds=1)
        for each in table.rows:
            if _key(table, each) == _key(table, row) and table.changed in each:
                old = each[table.changed]
                each[table.changed] = (
                    self.now.strftime("%Y-%m-%dT%H:%M:%SZ") if old.endswith("Z") else _local(self.now, old)
                )
                for name in ("ProductGroup", "FName", "memo"):
                    if name in each:
                        each[name] = f"{each[name]}2"


def create_app(state: Path, token: str, control_token: str) -> FastAPI:
    """The systems for user `lotwatch` with password `token`. Nothing is kept in `state`: what comes is not theirs."""
    world = World(token)
    app = new_app("Tables", "SAP, Kingdee and Yonyou.", largest_body=1024 * 1024, invalid_status=400)
    app.include_router(_controls(world, control_token))
    app.include_router(control(control_token, world.mood, world.forget))
    _sap(app, world)
    _kingdee(app, world)
    _yonyou(app, world)

    @app.middleware("http")
    async def tell_time(request: Request, call_next: Callable[[Request], Any]) -> Response:
        lied = request.scope.setdefault("state", {})
        answer: Response = await call_next(request)
        behind = timedelta(hours=1) if lied.get("back_in_time") else timedelta()
        answer.headers["Date"] = format_datetime(world.now - behind, usegmt=True)
        return answer

    return app


def _controls(world: World, control_token: str) -> APIRouter:
    router = APIRouter(prefix="/control", dependencies=[Depends(bearer({control_token: "control"}))])

    @router.post("/tables", status_code=204, include_in_schema=False)
    async def tables(wish: Wish) -> None:
        world.wish(wish)

    return router


async def _page(
    world: World,
    request: Request,
    table: Table,
    rows: Sequence[dict[str, Any]],
    answer: Callable[[list[dict[str, Any]]], Any],
) -> Response:
    """An answer with these rows of a table, as it is, or as the misbehaviour asked for makes it."""
    suffered = world.mood.take("read")
    ended = await world.mood.before(suffered)
    if ended is not None:
        return ended
    shown = [json.loads(json.dumps(row)) for row in rows]
    match suffered:
        case Misbehaviour(mode="repeat"):
            shown = [row for row in shown for _ in range(2)]
        case Misbehaviour(mode="garbage"):
            for row in shown[::10]:
                _spoil(row, table)
        case Misbehaviour(mode="back_in_time"):
            request.state.back_in_time = True
            for row in shown:
                if table.changed in row:
                    row[table.changed] = _hour_before(row[table.changed])
        case Misbehaviour(mode="change") if rows:
            world.touch(table, rows[0])
    made = JSONResponse(answer(shown))
    return cut_off(made) if suffered and suffered.mode == "cut_off" else made


def _spoil(row: dict[str, Any], table: Table) -> None:
    for name, value in row.items():
        if name not in table.key and isinstance(value, str | int | float) and value != "":
            row[name] = "\x00\ufffd#"


def _sap(app: FastAPI, world: World) -> None:
    root = "/sap/opu/odata/sap/{service}"

    @app.get(root + "/$metadata")
    async def metadata(request: Request, service: str) -> Response:
        _basic(world, request)
        return Response(_edmx(world.systems["sap"], service), media_type="application/xml")

    @app.get(root)
    @app.get(root + "/")
    async def sets(request: Request, service: str) -> Response:
        _basic(world, request)
        names = [name.partition("/")[2] for name in world.systems["sap"] if name.startswith(f"{service}/")]
        return JSONResponse({"d": {"EntitySets": names}})

    @app.get(root + "/{name}")
    async def entities(request: Request, service: str, name: str) -> Response:
        return await _odata(world, request, service, name, "v2")

    @app.get("/odata/v4/{service}/$metadata")
    async def metadata4(request: Request, service: str) -> Response:
        _basic(world, request)
        return Response(_edmx(world.systems["sap"], service), media_type="application/xml")

    @app.get("/odata/v4/{service}/{name}")
    async def entities4(request: Request, service: str, name: str) -> Response:
        return await _odata(world, request, service, name, "v4")


async def _odata(world: World, request: Request, service: str, name: str, version: str) -> Response:
    _basic(world, request)
    table = world.systems["sap"].get(f"{service}/{name}")
    if table is None:
        return failure(404, f"Resource not found for segment {name}")
    asked = dict(request.query_params)
    try:
        found = (
            [row for row in table.rows if filters.odata(asked["$filter"])(row)] if "$filter" in asked else table.rows
        )
        for column in reversed([part for part in asked.get("$orderby", "").split(",") if part]):
            found = sorted(found, key=lambda row, by=column: str(value_at(row, by)))  # type: ignore[misc]
        for column in filter(None, asked.get("$select", "").split(",")):
            if found:
                value_at(found[0], column)
    except BadFilterError as error:
        return failure(400, str(error))
    skip = int(asked.get("$skiptoken", asked.get("$skip", 0)))
    top = int(asked.get("$top", len(found)))
    page = found[skip : skip + min(top, PAGE)]
    more = skip + PAGE < len(found) and top > PAGE
    following = urlencode({**{n: v for n, v in asked.items() if n != "$skip"}, "$skiptoken": skip + PAGE})
    link = f"{str(request.url).partition('?')[0]}?{following}" if more else None
    types = {**world.systems["sap"][""].types, **table.types}

    def answer(rows: list[dict[str, Any]]) -> Any:
        shown = [_as_odata(row, types, set(asked.get("$expand", "").split(",")), version) for row in rows]
        if version == "v4":
            return {"@odata.context": "$metadata", "value": shown, **({"@odata.nextLink": link} if link else {})}
        return {"d": {"results": shown, **({"__next": link} if link else {})}}

    return await _page(world, request, table, page, answer)


def _as_odata(row: Any, types: Mapping[str, str], expanded: set[str], version: str) -> Any:
    """A row as the version of the protocol writes it."""
    shown: dict[str, Any] = {"__metadata": {"type": "row"}} if version == "v2" else {"@odata.etag": 'W/"1"'}
    for name, value in row.items():
        if name.startswith("to_"):
            if name not in expanded:
                if version == "v2":
                    shown[name] = {"__deferred": {"uri": name}}
                continue
            lines = value.get("results")
            if lines is None:
                shown[name] = _as_odata(value, types, expanded, version)
            else:
                written = [_as_odata(line, types, expanded, version) for line in lines]
                shown[name] = {"results": written} if version == "v2" else written
        else:
            shown[name] = _as_value(value, types.get(name, ""), version)
    return shown


def _as_value(value: Any, kind: str, version: str) -> Any:
    if version == "v4" or not isinstance(value, str) or "T" not in value or not value[:4].isdigit():
        return value
    if kind == "Edm.DateTime":
        return f"/Date({_milliseconds(value)})/"
    return f"/Date({_milliseconds(value)}+0000)/" if kind == "Edm.DateTimeOffset" or value.endswith("Z") else value


def _milliseconds(text: str) -> int:
    return round((_moment(text) - _EPOCH).total_seconds() * 1000)


def _edmx(tables: Mapping[str, Table], service: str) -> str:
    types, sets = [], []
    for path, table in tables.items():
        owner, _, name = path.partition("/")
        if owner != service:
            continue
        properties = "".join(f'<Property Name="{each}" Type="{kind}"/>' for each, kind in table.types.items())
        links = {each for row in table.rows for each in row if each.startswith("to_")}
        navigation = "".join(f'<NavigationProperty Name="{each}"/>' for each in sorted(links))
        types.append(f'<EntityType Name="{name}Type">{properties}{navigation}</EntityType>')
        sets.append(f'<EntitySet Name="{name}" EntityType="{service}.{name}Type"/>')
    return (
        '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="1.0"'
        ' xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"><edmx:DataServices>'
        f'<Schema Namespace="{service}" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">{"".join(types)}'
        f'<EntityContainer Name="C">{"".join(sets)}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>'
    )


def _kingdee(app: FastAPI, world: World) -> None:
    @app.post(_KINGDEE + ".AuthService.ValidateUser.common.kdsvc")
    async def validate(login: Annotated[dict[str, Any], Body()]) -> Response:
        known = login.get("username") == "lotwatch" and login.get("password") == world.token
        if not known:
            return JSONResponse({"LoginResultType": 0, "Message": "用户名或密码错误"})
        session = secrets.token_hex(8)
        world.sessions.add(session)
        answer = JSONResponse({"LoginResultType": 1, "Message": None})
        answer.set_cookie("kdservice-sessionid", session)
        return answer

    @app.post(_KINGDEE + ".DynamicFormService.ExecuteBillQuery.common.kdsvc")
    async def execute(request: Request, body: Annotated[dict[str, Any], Body()]) -> Response:
        if request.cookies.get("kdservice-sessionid") not in world.sessions:
            return JSONResponse(_kingdee_failure("会话信息已丢失，请重新登录"))
        asked = body["data"]
        table = world.systems["kingdee"].get(asked["FormId"])
        fields = asked["FieldKeys"].split(",")
        unknown = [name for name in fields if table and table.rows and name not in table.rows[0]]
        if table is None or unknown:
            return JSONResponse(_kingdee_failure(f"字段不存在: {', '.join(unknown) or asked['FormId']}"))
        try:
            holds = filters.kingdee(asked.get("FilterString", ""))
        except BadFilterError as error:
            return JSONResponse(_kingdee_failure(str(error)))
        order = asked["OrderString"].split()[0]
        found = sorted((row for row in table.rows if holds(row)), key=lambda row: str(row[order]).rjust(20, "0"))
        start = int(asked["StartRow"])
        page = found[start : start + min(int(asked["Limit"]), PAGE)]
        return await _page(
            world, request, table, page, lambda rows: [[row.get(name) for name in fields] for row in rows]
        )


def _kingdee_failure(message: str) -> Any:
    status = {"ErrorCode": 500, "IsSuccess": False, "Errors": [{"Message": message}], "MsgCode": 1}
    return [[{"Result": {"ResponseStatus": status}}]]


def _yonyou(app: FastAPI, world: World) -> None:
    @app.get("/open-auth/selfAppAuth/getAccessToken")
    async def token(request: Request) -> Response:
        asked = request.query_params
        text = f"appKey{asked.get('appKey')}timestamp{asked.get('timestamp')}"
        made = base64.b64encode(hmac.new(world.token.encode(), text.encode(), hashlib.sha256).digest()).decode()
        if asked.get("appKey") != "lotwatch" or not secrets.compare_digest(made, asked.get("signature", "")):
            return JSONResponse({"code": "50000", "message": "签名不正确"})
        session = secrets.token_hex(8)
        world.sessions.add(session)
        return JSONResponse({"code": "00000", "message": "成功", "data": {"access_token": session, "expire": 7200}})

    @app.post("/yonbip/{path:path}")
    async def listed(request: Request, path: str, body: Annotated[dict[str, Any], Body()]) -> Response:
        if request.query_params.get("access_token") not in world.sessions:
            return JSONResponse({"code": "310036", "message": "非法token", "data": None})
        table = world.systems["yonyou"].get(path)
        if table is None:
            return failure(404, f"no such interface: {path}")
        found = [row for row in table.rows if filters.yonyou(body.get("simpleVOs", []))(row)]
        if "pageIndex" not in body:
            return await _page(
                world, request, table, found, lambda rows: {"code": "200", "message": "操作成功", "data": rows}
            )
        size, index = min(int(body["pageSize"]), PAGE), int(body["pageIndex"])
        pages = -(-len(found) // size)
        page = found[(index - 1) * size : index * size]

        def answer(rows: list[dict[str, Any]]) -> Any:
            data = {
                "pageIndex": index,
                "pageSize": size,
                "recordCount": len(found),
                "pageCount": pages,
                "recordList": rows,
            }
            return {"code": "200", "message": "操作成功", "data": data}

        return await _page(world, request, table, page, answer)


def _basic(world: World, request: Request) -> None:
    sent = request.headers.get("Authorization", "")
    known = base64.b64encode(f"lotwatch:{world.token}".encode()).decode()
    if not secrets.compare_digest(sent, f"Basic {known}"):
        raise HTTPException(401, "authorization required", headers={"WWW-Authenticate": "Basic"})


def _key(table: Table, row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(row.get(name)) for name in table.key)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _local(now: datetime, like: str) -> str:
    """A moment as a clock in Shanghai shows it, written as `like` is."""
    return (now + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S" if "T" in like else "%Y-%m-%d %H:%M:%S")


def _hour_before(text: str) -> str:
    earlier = _moment(text) - timedelta(hours=1)
    form = "%Y-%m-%dT%H:%M:%S" if "T" in text else "%Y-%m-%d %H:%M:%S"
    return earlier.strftime(form) + ("Z" if text.endswith("Z") else "")
