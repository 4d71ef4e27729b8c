"""The sample data: a small company in the terms of each system. All of it is ours.

Everywhere the same happened: 100 pieces of lot L-A came in and 20 of L-B, 40 of L-A went to the cath lab (or a second
warehouse), 5 were used there, 10 of L-A were received by mistake and taken back. 20 were billed, of which 2 were credited,
5 are in an invoice that is not posted, and (but for Yonyou, who
deletes it) an invoice of 7 was cancelled.
"""

from copy import deepcopy
from typing import Any

Rows = list[dict[str, Any]]

#: what the servers' clock shows until a test sets it
NOW = "2026-06-15T08:00:00Z"


class Table:
    """Rows of a set: their key, the column that tells when one was changed, the types that OData names."""

    def __init__(self, key: list[str], changed: str, rows: Rows, types: dict[str, str] | None = None) -> None:
        self.key, self.changed, self.rows, self.types = key, changed, rows, types or {}


def sap() -> dict[str, Table]:
    """The sets of SAP's services."""
    day, stamp, time, number, flag = "Edm.DateTime", "Edm.DateTimeOffset", "Edm.Time", "Edm.Decimal", "Edm.Boolean"
    return {
        "API_BUSINESS_PARTNER/A_Supplier": Table(
            ["Supplier"], "", [{"Supplier": "0000100001", "SupplierName": "Medizintechnik AG", "DeletionIndicator": False}],
            {"Supplier": "Edm.String", "SupplierName": "Edm.String", "DeletionIndicator": flag},
        ),
        "API_PRODUCT_SRV/A_Product": Table(
            ["Product"], "LastChangeDateTime",
            [
                {
                    "Product": f"{number:018}", "ProductType": "HAWA", "ProductGroup": "STENT", "BaseUnit": "PC",
                    "ProductStandardID": "", "IsBatchManagementRequired": True, "IsMarkedForDeletion": False,
                    "LastChangeDateTime": f"2026-05-{number % 27 + 1:02}T06:00:00Z",
                    "to_Description": {"results": [{"Language": "EN", "ProductDescription": f"Stent {number}"}]},
                }
                for number in range(4711, 4722)
            ],
            {
                "Product": "Edm.String", "ProductType": "Edm.String", "ProductGroup": "Edm.String", "BaseUnit": "Edm.String",
                "ProductStandardID": "Edm.String", "IsBatchManagementRequired": flag, "IsMarkedForDeletion": flag,
                "LastChangeDateTime": stamp,
            },
        ),
        "API_BATCH_SRV/Batch": Table(
            ["Material", "Batch"], "LastChangeDateTime",
            [
                {
                    "Material": f"{4711:018}", "Batch": lot, "BatchIdentifyingPlant": "", "BatchIsMarkedForDeletion": False,
                    "ManufactureDate": "2026-01-31T00:00:00", "ShelfLifeExpirationDate": "2028-01-31T00:00:00",
                    "LastChangeDateTime": "2026-06-01T06:00:00Z",
                }
                for lot in ("L-A", "L-B")
            ],
            {
                "Material": "Edm.String", "Batch": "Edm.String", "BatchIdentifyingPlant": "Edm.String",
                "BatchIsMarkedForDeletion": flag, "ManufactureDate": day, "ShelfLifeExpirationDate": day,
                "LastChangeDateTime": stamp,
            },
        ),
        "API_PURCHASEORDER_PROCESS_SRV/A_PurchaseOrderItem": Table(
            ["PurchaseOrder", "PurchaseOrderItem"], "to_PurchaseOrder/LastChangeDateTime",
            [
                {
                    "PurchaseOrder": "4500000001", "PurchaseOrderItem": item, "Material": f"{4711:018}", "Plant": "1010",
                    "OrderQuantity": quantity, "PurchaseOrderQuantityUnit": unit, "OrderItemQtyToBaseQtyNmrtr": of_one,
                    "OrderItemQtyToBaseQtyDnmntr": "1", "NetPriceAmount": price, "NetPriceQuantity": "1",
                    "DocumentCurrency": "EUR", "IsCompletelyDelivered": done, "PurchasingDocumentDeletionCode": gone,
                    "to_PurchaseOrder": {
                        "Supplier": "0000100001", "PurchaseOrderDate": "2026-05-20T00:00:00",
                        "LastChangeDateTime": "2026-05-20T06:00:00Z",
                    },
                    "to_ScheduleLine": {"results": [{"ScheduleLineDeliveryDate": "2026-06-02T00:00:00"}]},
                }
                for item, quantity, unit, of_one, price, done, gone in (
                    ("10", "15.000", "BOX", "10", "1250.00", False, ""),
                    ("20", "20.000", "PC", "1", "130.00", True, ""),
                    ("30", "5.000", "PC", "1", "130.00", False, "L"),
                )
            ],
            {
                "PurchaseOrder": "Edm.String", "PurchaseOrderItem": "Edm.String", "Material": "Edm.String",
                "Plant": "Edm.String", "OrderQuantity": number, "PurchaseOrderQuantityUnit": "Edm.String",
                "OrderItemQtyToBaseQtyNmrtr": number, "OrderItemQtyToBaseQtyDnmntr": number, "NetPriceAmount": number,
                "NetPriceQuantity": number, "DocumentCurrency": "Edm.String", "IsCompletelyDelivered": flag,
                "PurchasingDocumentDeletionCode": "Edm.String",
            },
        ),
        "API_SUPPLIERINVOICE_PROCESS_SRV/A_SupplierInvoice": Table(
            ["FiscalYear", "SupplierInvoice"], "CreationDate",
            [
                sap_invoice("5105600001", ("20", "20", "PC", "2600.00"), ("10", "15", "BOX", "18750.00")),
                sap_invoice("5105600002", ("20", "2", "PC", "260.00"), SupplierInvoiceIsCreditMemo="X"),
                sap_invoice("5105600003", ("20", "5", "PC", "650.00"), SupplierInvoiceStatus="A"),
                sap_invoice("5105600004", ("20", "7", "PC", "910.00"), IsReversed=True),
                sap_invoice("5105600005", ("20", "7", "PC", "910.00"), SupplierInvoiceIsCreditMemo="X", IsReversal=True),
                # on what was billed already: a higher price, and freight
                sap_invoice("5105600006", ("20", "20", "PC", "40.00"), line={"IsSubsequentDebitCredit": "X"}),
                sap_invoice("5105600007", ("20", "20", "PC", "99.00"), line={"SuplrInvcDeliveryCostCndnType": "FRB1"}),
            ],
            {
                "SupplierInvoice": "Edm.String", "FiscalYear": "Edm.String", "DocumentDate": day, "CreationDate": day,
                "SupplierInvoiceStatus": "Edm.String", "IsReversed": flag, "IsReversal": flag,
            },
        ),
        "API_MATERIAL_DOCUMENT_SRV/A_MaterialDocumentItem": Table(
            ["MaterialDocumentYear", "MaterialDocument", "MaterialDocumentItem"], "to_MaterialDocumentHeader/CreationDate",
            [
                sap_movement("5000000001", "1", "101", "100", "L-A", order="10", on="2026-06-02"),
                sap_movement("5000000001", "2", "101", "20", "L-B", order="20", on="2026-06-02"),
                sap_movement("4900000001", "1", "311", "40", "L-A", to="171C", on="2026-06-03"),
                sap_movement("4900000001", "2", "311", "40", "L-A", at="171C", to="171A", on="2026-06-03", by_itself="X"),
                sap_movement("4900000002", "1", "261", "5", "L-A", at="171C", on="2026-06-04"),
                sap_movement("5000000002", "1", "101", "10", "L-A", order="10", on="2026-06-05"),
                sap_movement("5000000003", "1", "102", "10", "L-A", order="10", on="2026-06-05", reverses=("5000000002", "1")),
                sap_movement("4900000003", "1", "344", "7", "L-B", on="2026-06-06"),
                sap_movement("4900000004", "1", "262", "2", "L-A", at="171C", on="2026-06-07"),
                sap_movement("4900000005", "1", "541", "1", "L-A", on="2026-06-08"),
            ],
            {
                "MaterialDocumentYear": "Edm.String", "MaterialDocument": "Edm.String", "MaterialDocumentItem": "Edm.String",
                "Material": "Edm.String", "Plant": "Edm.String", "StorageLocation": "Edm.String", "Batch": "Edm.String",
                "GoodsMovementType": "Edm.String", "InventoryStockType": "Edm.String", "PurchaseOrder": "Edm.String",
                "PurchaseOrderItem": "Edm.String", "MaterialBaseUnit": "Edm.String", "QuantityInBaseUnit": number,
                "IssuingOrReceivingPlant": "Edm.String", "IssuingOrReceivingStorageLoc": "Edm.String",
                "ReversedMaterialDocumentYear": "Edm.String", "ReversedMaterialDocument": "Edm.String",
                "ReversedMaterialDocumentItem": "Edm.String", "IsAutomaticallyCreated": "Edm.String",
            },
        ),
        "API_MATERIAL_STOCK_SRV/A_MatlStkInAcctMod": Table(
            ["Material", "Plant", "StorageLocation", "Batch"], "",
            [
                {
                    "Material": f"{4711:018}", "Plant": "1010", "StorageLocation": place, "Batch": lot, "Supplier": "",
                    "Customer": "", "InventoryStockType": "01", "InventorySpecialStockType": "", "MaterialBaseUnit": "PC",
                    "MatlWrhsStkQtyInMatlBaseUnit": quantity,
                }
                for place, lot, quantity in (("171A", "L-A", "60"), ("171A", "L-B", "20"), ("171C", "L-A", "37"))
            ],
            dict.fromkeys(
                ("Material", "Plant", "StorageLocation", "Batch", "Supplier", "Customer", "InventoryStockType",
                 "InventorySpecialStockType", "MaterialBaseUnit"), "Edm.String",
            ) | {"MatlWrhsStkQtyInMatlBaseUnit": number},
        ),
        "": Table([], "", [], {"CreationTime": time, "PostingDate": day, "CreationDate": day, "PurchaseOrderDate": day,
                               "ScheduleLineDeliveryDate": day}),
    }  # fmt: skip


def sap_invoice(
    number: str, *billed: tuple[str, str, str, str], line: dict[str, str] | None = None, **header: Any
) -> dict[str, Any]:
    """A supplier's invoice of lines (item of the order, quantity, its unit, amount)."""
    return {
        "FiscalYear": "2026", "SupplierInvoice": number, "SupplierInvoiceIDByInvcgParty": f"R-{number[-1]}",
        "InvoicingParty": "0000100001", "DocumentDate": "2026-06-05T00:00:00", "CreationDate": "2026-06-06T00:00:00",
        "SupplierInvoiceStatus": "5", "SupplierInvoiceIsCreditMemo": "", "IsReversed": False, "IsReversal": False,
        "to_SuplrInvcItemPurOrdRef": {"results": [
            {
                "FiscalYear": "2026", "SupplierInvoice": number, "SupplierInvoiceItem": f"{place:06}",
                "PurchaseOrder": "4500000001", "PurchaseOrderItem": item, "PurchaseOrderQuantityUnit": unit,
                "QuantityInPurchaseOrderUnit": f"{quantity}.000", "SupplierInvoiceItemAmount": amount,
                "DocumentCurrency": "EUR", "IsSubsequentDebitCredit": "", "SuplrInvcDeliveryCostCndnType": "",
            } | (line or {})
            for place, (item, quantity, unit, amount) in enumerate(billed, 1)
        ]},
    } | header  # fmt: skip


def sap_movement(
    document: str,
    item: str,
    kind: str,
    quantity: str,
    lot: str,
    *,
    on: str,
    at: str = "171A",
    to: str = "",
    order: str = "",
    by_itself: str = "",
    reverses: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """A line of a material document."""
    return {
        "MaterialDocumentYear": "2026", "MaterialDocument": document, "MaterialDocumentItem": item,
        "Material": f"{4711:018}", "Plant": "1010", "StorageLocation": at, "Batch": lot, "GoodsMovementType": kind,
        "InventoryStockType": "01", "PurchaseOrder": "4500000001" if order else "", "PurchaseOrderItem": order,
        "MaterialBaseUnit": "PC", "QuantityInBaseUnit": f"{quantity}.000", "IssuingOrReceivingPlant": "1010" if to else "",
        "IssuingOrReceivingStorageLoc": to, "ReversedMaterialDocumentYear": "2026" if reverses else "",
        "ReversedMaterialDocument": reverses[0] if reverses else "", "IsAutomaticallyCreated": by_itself,
        "ReversedMaterialDocumentItem": reverses[1] if reverses else "",
        "to_MaterialDocumentHeader": {
            "PostingDate": f"{on}T00:00:00", "CreationDate": f"{on}T00:00:00", "CreationTime": "PT09H30M00S",
        },
    }  # fmt: skip


def kingdee() -> dict[str, Table]:
    """Kingdee's forms, their fields by the names of ExecuteBillQuery."""
    done = {"FDocumentStatus": "C", "FModifyDate": "2026-06-01T08:00:00"}

    def bill(key: str, number: str, quantity: int, fields: dict[str, Any], lot: str = "L-A") -> dict[str, Any]:
        return done | {
            key: int(number), "FBillNo": f"B{number}", "FMaterialId.FNumber": "WL.01", "FLot.FNumber": lot,
            "FBaseQty": quantity, "FBaseUnitQty": quantity, "FApproveDate": "2026-06-02T09:30:00", "FCancelStatus": "A",
            "FModifyDate": "2026-06-02T09:30:00",
        } | fields  # fmt: skip

    return {
        "BD_Supplier": Table(["FNumber"], "FModifyDate", [done | {"FNumber": "VEN01", "FName": "医疗器械有限公司", "FForbidStatus": "A"}]),
        "BD_STOCK": Table(
            ["FNumber"], "FModifyDate",
            [done | {"FNumber": code, "FName": name, "FForbidStatus": "A"} for code, name in (("CK001", "主仓库"), ("CK002", "介入室"))],
        ),
        "BD_MATERIAL": Table(
            ["FMATERIALID"], "FModifyDate",
            [
                done | {
                    "FMATERIALID": 1000 + number, "FNumber": f"WL.{number:02}", "FName": f"支架{number}", "FSpecification": "3.0x18",
                    "FMaterialGroup.FNumber": "ZJ", "FIsBatchManage": True, "FIsSNManage": False, "FIsKFPeriod": True,
                    "FBaseUnitId.FNumber": "Pcs", "FForbidStatus": "A",
                }
                for number in range(1, 8)
            ],
        ),
        "BD_BatchMainFile": Table(
            ["FLOTID"], "FModifyDate",
            [
                done | {"FLOTID": number, "FNumber": lot, "FMaterialId.FNumber": "WL.01", "FProduceDate": "2026-01-31T00:00:00",
                        "FExpiryDate": "2028-01-31T00:00:00"}
                for number, lot in ((1, "L-A"), (2, "L-B"))
            ],
        ),
        "PUR_PurchaseOrder": Table(
            ["FPOOrderEntry_FEntryID"], "FModifyDate",
            [
                done | {
                    "FPOOrderEntry_FEntryID": number, "FBillNo": "CGDD001", "FSupplierId.FNumber": "VEN01",
                    "FMaterialId.FNumber": "WL.01", "FQty": quantity, "FBaseUnitQty": quantity * 10, "FPrice": 1250.5,
                    "FSettleCurrId.FNumber": "PRE001", "FDate": "2026-05-20T00:00:00", "FDeliveryDate": "2026-06-02T00:00:00",
                    "FCancelStatus": "A", "FCloseStatus": closed,
                }
                for number, quantity, closed in ((9001, 15, "A"), (9002, 2, "B"))
            ],
        ),
        "AP_Payable": Table(
            ["FEntityDetail_FEntryID"], "FModifyDate",
            [
                done | {
                    "FEntityDetail_FEntryID": number, "FBillNo": f"AP{number}", "FSUPPLIERID.FNumber": "VEN01",
                    "FMATERIALID.FNumber": "WL.01", "FOrderEntryID": 9001, "FPriceQty": quantity / 10,
                    "FBASICUNITQTY": quantity, "FPrice": 1250.5, "FCURRENCYID.FNumber": "PRE001",
                    "FDATE": "2026-06-05T00:00:00", "FSetAccountType": kind, "FCancelStatus": cancelled,
                    "FDocumentStatus": status,
                }
                for number, quantity, status, cancelled, kind in (
                    (801, 20, "C", "A", "3"), (802, -2, "C", "A", "3"), (803, 5, "A", "A", "3"), (804, 7, "C", "B", "3"),
                    (805, 20, "C", "A", "2"),
                )
            ],
        ),
        "STK_InStock": Table(
            ["FInStockEntry_FEntryID"], "FModifyDate",
            [
                bill("FInStockEntry_FEntryID", "1", 100, {"FStockId.FNumber": "CK001", "FPOORDERENTRYID": 9001}),
                bill("FInStockEntry_FEntryID", "2", 20, {"FStockId.FNumber": "CK001", "FPOORDERENTRYID": 9002}, "L-B"),
                bill(
                    "FInStockEntry_FEntryID", "3", 10,
                    {"FStockId.FNumber": "CK001", "FPOORDERENTRYID": 9001, "FCancelStatus": "B"},
                ),
            ],
        ),
        "STK_TransferDirect": Table(
            ["FBillEntry_FEntryID"], "FModifyDate",
            [bill("FBillEntry_FEntryID", "1", 40, {"FSrcStockId.FNumber": "CK001", "FDestStockId.FNumber": "CK002"})],
        ),
        "STK_MisDelivery": Table(
            ["FEntity_FEntryID"], "FModifyDate",
            [
                bill("FEntity_FEntryID", "1", 5, {"FStockId.FNumber": "CK002", "FStockDirect": "GENERAL"}),
                bill("FEntity_FEntryID", "2", 2, {"FStockId.FNumber": "CK002", "FStockDirect": "RETURN"}),
            ],
        ),
        "STK_Inventory": Table(
            ["FID"], "",
            [
                {"FID": number, "FMaterialId.FNumber": "WL.01", "FStockId.FNumber": place, "FLot.FNumber": lot, "FBaseQty": quantity}
                for number, place, lot, quantity in ((1, "CK001", "L-A", 60), (2, "CK001", "L-B", 20), (3, "CK002", "L-A", 37))
            ],
        ),
    }  # fmt: skip


def yonyou() -> dict[str, Table]:
    """Yonyou's lists by their paths below /yonbip."""
    stamp = {
        "pubts": "2026-06-02 09:30:00",
        "auditTime": "2026-06-02 09:30:00",
        "vouchdate": "2026-06-02 00:00:00",
        "status": 1,
    }

    def line(
        key: str, number: str, quantity: float, lot: str = "L-A", place: str = "YB01", **fields: Any
    ) -> dict[str, Any]:
        return stamp | {
            "id": f"1500{number}", key: f"2500{number}", "code": f"D{number}", "product_cCode": "CP01", "batchno": lot,
            "producedate": "2026-01-31 00:00:00", "invaliddate": "2028-01-31 00:00:00", "qty": quantity,
            "warehouse_code": place, "unit_code": "PCS",
        } | fields  # fmt: skip

    return {
        "digitalModel/vendor/list": Table(["code"], "", [{"code": "V01", "name": "耗材供应商"}]),
        "digitalModel/product/listproductbycondition": Table(
            ["id"], "",
            [
                {"id": 1600 + number, "code": f"CP{number:02}", "name": f"导管{number}", "modelDescription": "6F", "manageClassCode": "DG",
                 "unitCode": "PCS"}
                for number in range(1, 8)
            ],
        ),
        "scm/purchaseorder/list": Table(
            ["purchaseOrders_id"], "pubts",
            [
                stamp | {"purchaseOrders_id": "31001", "code": "PO01", "status": 1, "vendor_code": "V01", "product_cCode": "CP01",
                         "qty": 150.0, "oriUnitPrice": 88.8, "currency_code": "CNY", "vouchdate": "2026-05-20 00:00:00",
                         "recieveDate": "2026-06-02 00:00:00"}
            ],
        ),
        "scm/purinvoice/list": Table(
            ["id", "sourceautoid"], "pubts",
            [
                stamp | {
                    "id": number, "code": f"FP{number}", "status": status, "product_cCode": "CP01", "qty": quantity,
                    "oriUnitPrice": 88.8, "currency_code": "CNY", "otherInvoiceCode": f"0{number}",
                    "otherInvoiceDate": "2026-06-05 00:00:00",
                } | of
                for number, quantity, status, of in (
                    (701, 20.0, 1, {"source": "st_purchaseorder", "sourceautoid": 31001}),
                    (702, -2.0, 1, {"source": "ustock.st_purinrecord", "sourceautoid": 25001, "firstsourceautoid": 31001}),
                    (703, 5.0, 0, {"source": "st_purchaseorder", "sourceautoid": 31001}),
                )
            ],
        ),
        "scm/purinrecord/list": Table(
            ["purInRecords_id"], "pubts",
            [
                line("purInRecords_id", "1", 100.0, sourceautoid="31001"),
                line("purInRecords_id", "2", 20.0, "L-B", sourceautoid="31001"),
                line("purInRecords_id", "3", 10.0, sourceautoid="31001"),
                line("purInRecords_id", "4", -10.0, sourceautoid="31001"),
                line("purInRecords_id", "5", 99.0, status=0),
            ],
        ),
        "scm/materialout/list": Table(
            ["materOuts_id"], "pubts", [line("materOuts_id", "1", 5.0), line("materOuts_id", "2", -2.0)]
        ),
        "scm/stock/QueryCurrentStocksByCondition": Table(
            ["product_code"], "",
            [{"product_code": "CP01", "warehouse_code": "YB01", "batchno": lot, "currentqty": quantity}
             for lot, quantity in (("L-A", 97.0), ("L-B", 20.0))],
        ),
    }  # fmt: skip


def company() -> dict[str, dict[str, Table]]:
    """All systems, for one server to change as it likes."""
    return deepcopy({"sap": sap(), "kingdee": kingdee(), "yonyou": yonyou()})
