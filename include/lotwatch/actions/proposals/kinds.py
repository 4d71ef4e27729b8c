"""What can be proposed."""

from typing import Literal

Kind = Literal[
    "purchase_order", "order_change", "transfer", "return_and_reship", "pick", "priority", "hold", "disposition", "check",
    "exception", "work_order",
]  # fmt: skip
#: what a kind is called, in English and in Chinese
KINDS: dict[Kind, tuple[str, str]] = {
    "purchase_order": ("purchase order", "采购订单"),
    "order_change": ("order change", "订单变更"),
    "transfer": ("transfer", "调拨"),
    "return_and_reship": ("return and reship", "退回并重新发货"),
    "pick": ("pick wave", "拣货波次"),
    "priority": ("shipment priority", "发货优先级"),
    "hold": ("hold", "隔离"),
    "disposition": ("disposition", "处置"),
    "check": ("check", "核查"),
    "exception": ("exception", "异常"),
    "work_order": ("work order", "工单"),
}

#: what becomes of stock that should not stay where it is, in English and in Chinese
Disposition = Literal["return_to_supplier", "supplier_credit", "use_first", "redistribute", "resale", "scrap"]
DISPOSITIONS: dict[Disposition, tuple[str, str]] = {
    "return_to_supplier": ("return to supplier", "退回供应商"),
    "supplier_credit": ("supplier credit", "供应商补偿"),
    "use_first": ("use first", "优先使用"),
    "redistribute": ("redistribute", "调剂"),
    "resale": ("resale", "转售"),
    "scrap": ("scrap", "报废"),
}
