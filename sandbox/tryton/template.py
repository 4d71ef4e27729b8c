"""Fill an empty database with Tryton as a device distributor would set it up: modules, company, units, users.

Runs in Tryton's environment (see environment.py). Job: {"database": name}. What it makes is the same every time,
so `install` keeps a dump of it. Nothing here depends on the trial company's data, and no password is in it.
"""

from decimal import Decimal
from typing import Any

from sandbox.tryton.environment import in_transaction, read_job, set_log_level

#: activated in turn, with fresh statistics in between: the planner's stale view of the catalogue is what costs
STAGES = (
    ("party", "company", "product"),
    ("account", "stock"),
    (
        "stock_supply", "stock_lot", "stock_lot_sled", "stock_consignment",
        "purchase", "purchase_request", "product_attribute", "quality",
    ),
)  # fmt: skip

COMPANY = "Northwind Medical Supply"
CURRENCY = "EUR"
TIME_ZONE = "Europe/Berlin"

#: what Tryton's product has no field for: (name, label, type, choices)
DEVICE_ATTRIBUTES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("udi_di", "UDI-DI", "char", ()),
    ("device_class", "Device class", "selection", ("I", "IIa", "IIb", "III")),
    ("criticality", "Criticality", "selection", ("life_supporting", "critical", "standard")),
    ("legal_manufacturer", "Legal manufacturer", "char", ()),
    ("label_lot", "Label carries lot", "boolean", ()),
    ("label_serial", "Label carries serial", "boolean", ()),
    ("label_expiry", "Label carries expiry", "boolean", ()),
    ("storage_min_c", "Storage from (°C)", "numeric", ()),
    ("storage_max_c", "Storage up to (°C)", "numeric", ()),
    ("registration_number", "Registration", "char", ()),
    ("registration_through", "Registration valid through", "date", ()),
    ("order_multiple", "Order multiple", "integer", ()),
)

#: the connector's user: reads what it maps, and may make and change purchases but not delete them. (model, rights)
SERVICE_GROUP = "Lotwatch"
SERVICE_LOGIN = "lotwatch"
SERVICE_RIGHTS: dict[str, tuple[str, ...]] = {
    "stock.lot": ("read",),
    "stock.move": ("read", "write", "create"),
    "stock.shipment.in": ("read",),
    "stock.shipment.in.return": ("read",),
    "stock.shipment.internal": ("read", "write", "create"),
    "stock.shipment.out": ("read", "write"),
    "stock.shipment.out.return": ("read",),
    "stock.inventory": ("read",),
    "stock.inventory.line": ("read",),
    "quality.inspection": ("read",),
    "account.invoice": ("read",),
    "account.invoice.line": ("read",),
    "purchase.purchase": ("read", "write", "create"),
    "purchase.line": ("read", "write", "create", "delete"),
}


def main() -> None:
    """Build the template in the job's (empty, existing) database."""
    job = read_job()
    set_log_level()
    activate(job["database"])
    in_transaction(job["database"], set_up)


def activate(database: str) -> None:
    """Create Tryton's tables and activate the modules."""
    from trytond import backend
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    storage = backend.Database(database)
    storage.connect()
    if not storage.test():
        storage.init()
    for modules in STAGES:
        Pool(database).init(update=list(modules), lang=["en"], activatedeps=True)
        with Transaction().start(database, 0, autocommit=True) as transaction:
            transaction.connection.cursor().execute("ANALYZE")


def set_up(pool: Any) -> None:
    """Company, currency, units, device attributes, sequences, users and their rights."""
    from trytond import __series__
    from trytond.transaction import Transaction

    settings = pool.get("ir.configuration")(1)
    settings.series, settings.language = __series__, "en"
    settings.save()
    company = make_company(pool)
    with Transaction().set_context(company=company.id):
        make_units(pool)
        make_attributes(pool)
        make_configuration(pool)
        make_accounts(pool, company)
        make_users(pool, company)


def make_company(pool: Any) -> Any:
    """The company, its currency at rate 1, and its time zone."""
    Currency, Party, Company = (pool.get(n) for n in ("currency.currency", "party.party", "company.company"))
    currency = Currency(name="Euro", symbol="€", code=CURRENCY, numeric_code="978", rounding=Decimal("0.01"), digits=2)
    currency.save()
    party = Party(name=COMPANY)
    party.save()
    company = Company(party=party, currency=currency, timezone=TIME_ZONE)
    company.save()
    return company


def make_units(pool: Any) -> None:
    """A box of ten (bought, never stocked) and a roll that may be cut in half."""
    Uom, data = pool.get("product.uom"), pool.get("ir.model.data")
    units = data.get_id("product", "uom_cat_unit")
    Uom.create([
        {
            "name": "Box of 10", "symbol": "bx10", "category": units,
            "factor": 10.0, "rate": 0.1, "rounding": 1.0, "digits": 0,
        },
        {
            "name": "Roll", "symbol": "roll", "category": units,
            "factor": 1.0, "rate": 1.0, "rounding": 0.5, "digits": 1,
        },
    ])  # fmt: skip


def make_attributes(pool: Any) -> None:
    """The set of attributes that makes a product a medical device."""
    Attribute, AttributeSet = pool.get("product.attribute"), pool.get("product.attribute.set")
    attributes = Attribute.create([
        {
            "name": name,
            "string": label,
            "type_": kind,
            "digits": 1 if kind == "numeric" else None,
            "selection": "\n".join(f"{choice}: {choice}" for choice in choices),
        }
        for name, label, kind, choices in DEVICE_ATTRIBUTES
    ])
    AttributeSet.create([{"name": "Medical device", "attributes": [("add", [a.id for a in attributes])]}])


def make_configuration(pool: Any) -> None:
    """Purchases are invoiced by hand: when the supplier's invoice comes, not when an order is confirmed."""
    configuration = pool.get("purchase.configuration")(1)
    configuration.purchase_invoice_method = "manual"
    configuration.save()


def make_accounts(pool: Any, company: Any) -> None:
    """The chart of accounts that Tryton brings, and the category by which goods are booked: no invoice without them."""
    Account, CreateChart = pool.get("account.account"), pool.get("account.create_chart", type="wizard")
    (chart,) = pool.get("account.account.template").search([("parent", "=", None)], limit=1)
    wizard = CreateChart(CreateChart.create()[0])
    wizard.account.company, wizard.account.account_template = company, chart
    wizard.transition_create_account()
    configuration = pool.get("account.configuration")(1)
    for side in ("receivable", "payable"):
        (account,) = Account.search([(f"type.{side}", "=", True), ("party_required", "=", True)], limit=1)
        setattr(configuration, f"default_account_{side}", account)
    configuration.save()
    (expense,) = Account.search([("type.expense", "=", True)], limit=1)
    (revenue,) = Account.search([("type.revenue", "=", True)], limit=1)
    goods = {"name": "Goods", "accounting": True, "account_expense": expense.id, "account_revenue": revenue.id}
    pool.get("product.category").create([goods])


def make_users(pool: Any, company: Any) -> None:
    """The administrator, and the connector's user. Their passwords are set when the company's data is loaded.

    Whoever buys may confirm a purchase in Tryton as it comes. Here only purchase administrators may, so that a draft
    is the most the connector's user can make.
    """
    User, Group, Access = pool.get("res.user"), pool.get("res.group"), pool.get("ir.model.access")
    data, Button = pool.get("ir.model.data"), pool.get("ir.model.button")
    member = {"companies": [("add", [company.id])], "company": company.id}
    User.create([{"name": "Administrator", "login": "admin", "administrator": True, **member}])
    (group,) = Group.create([{"name": SERVICE_GROUP}])
    Access.create([
        {
            "model": model,
            "group": group.id,
            **{f"perm_{right}": right in rights for right in ("read", "write", "create", "delete")},
        }
        for model, rights in SERVICE_RIGHTS.items()
    ])
    User.create([{"name": "Lotwatch", "login": SERVICE_LOGIN, "groups": [("add", [group.id])], **member}])
    confirm = Button(data.get_id("purchase", "purchase_confirm_button"))
    Button.write([confirm], {"groups": [("add", [data.get_id("purchase", "group_purchase_admin")])]})


if __name__ == "__main__":
    main()
