"""The small shop that ships, in SQLite: one file in a folder of the app, every row with its tenant."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from pilothouse.apps.support.shop.changes import Changed, Receipt, change_customer, change_order
from pilothouse.apps.support.shop.errors import ShopRefused
from pilothouse.apps.support.shop.inputs import Change, ChangeCustomerAddress, FindByEmail, FindByName
from pilothouse.apps.support.shop.memory import (
    Records,
    found,
    insist_on_one_customer,
    known_by,
    known_by_of,
    only,
    same_change,
)
from pilothouse.apps.support.shop.schemas import Customer, Order, Product, Record
from pilothouse.apps.support.shop.seeding import seeded
from pilothouse.apps.support.shop.store import Session, Shop, Shops, attempted, said

R = TypeVar("R", bound=Record)

FILE = "shop.sqlite3"
PATIENCE = 10.0
"""Seconds that a change waits for another one."""

_TABLES = """
CREATE TABLE IF NOT EXISTS customers (tenant_id TEXT NOT NULL, id TEXT NOT NULL, email TEXT NOT NULL,
    known_by TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE INDEX IF NOT EXISTS customers_email ON customers (tenant_id, email);
CREATE INDEX IF NOT EXISTS customers_known_by ON customers (tenant_id, known_by);
CREATE TABLE IF NOT EXISTS orders (tenant_id TEXT NOT NULL, id TEXT NOT NULL, customer_id TEXT NOT NULL,
    record TEXT NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE INDEX IF NOT EXISTS orders_customer ON orders (tenant_id, customer_id);
CREATE TABLE IF NOT EXISTS products (tenant_id TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
    record TEXT NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE IF NOT EXISTS items (tenant_id TEXT NOT NULL, id TEXT NOT NULL, product_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id));
CREATE TABLE IF NOT EXISTS placed (tenant_id TEXT NOT NULL, key TEXT NOT NULL, change TEXT NOT NULL,
    receipt TEXT NOT NULL, PRIMARY KEY (tenant_id, key));
CREATE TABLE IF NOT EXISTS sessions (tenant_id TEXT NOT NULL, conversation TEXT NOT NULL,
    customer_id TEXT NOT NULL, PRIMARY KEY (tenant_id, conversation));
CREATE TABLE IF NOT EXISTS confirmed (tenant_id TEXT NOT NULL, conversation TEXT NOT NULL,
    change TEXT NOT NULL, PRIMARY KEY (tenant_id, conversation, change));
CREATE TABLE IF NOT EXISTS missed (tenant_id TEXT NOT NULL, conversation TEXT NOT NULL,
    attempt TEXT NOT NULL, PRIMARY KEY (tenant_id, conversation, attempt));
"""


class SqliteShop:
    """A `ShopConnector` and `Sessions` of one tenant, in a SQLite file that is made when it is not there.

    Each call has a connection of its own, so that threads and processes share the file; a change takes its
    one write lock before it reads.
    """

    def __init__(self, file: Path, tenant_id: str = "default", records: Records | None = None) -> None:
        """The shop of a tenant in `file`; a new one has `records`, or those that ship."""
        self._file, self._tenant = file, tenant_id
        file.parent.mkdir(parents=True, exist_ok=True)
        self._let_readers_read()
        with self._writing() as connection:
            for statement in _TABLES.split(";"):
                connection.execute(statement)
            kept = connection.execute("SELECT count(*) FROM products WHERE tenant_id = ?", (tenant_id,))
            if kept.fetchone() == (0,):
                self._fill(connection, records or seeded())

    def _let_readers_read(self) -> None:
        """Write ahead, so that reading goes on beside a change. SQLite does not wait for this by itself."""
        deadline = time.monotonic() + PATIENCE
        with closing(self._connect()) as connection:
            while True:
                try:
                    connection.execute("PRAGMA journal_mode = WAL")
                except sqlite3.OperationalError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.01)
                else:
                    return

    def customer(self, customer_id: str) -> Customer | None:
        """The customer of that id."""
        with closing(self._connect()) as connection:
            return self._customer(connection, customer_id)

    def customer_by_email(self, email: str) -> Customer | None:
        """The customer with that address."""
        query = "SELECT record FROM customers WHERE tenant_id = ? AND email = ?"
        return only(self._all(Customer, query, email.strip().casefold()))

    def customer_by_name(self, first_name: str, last_name: str, postcode: str) -> Customer | None:
        """The one customer with that name and postcode."""
        query = "SELECT record FROM customers WHERE tenant_id = ? AND known_by = ?"
        return only(self._all(Customer, query, known_by(first_name, last_name, postcode)))

    def orders_of(self, customer_id: str) -> Sequence[Order]:
        """The orders of a customer, by id."""
        query = "SELECT record FROM orders WHERE tenant_id = ? AND customer_id = ? ORDER BY id"
        return self._all(Order, query, customer_id)

    def order(self, order_id: str) -> Order | None:
        """The order of that id."""
        with closing(self._connect()) as connection:
            return self._order(connection, order_id)

    def products(self) -> Sequence[Product]:
        """All products, by name."""
        return self._all(Product, "SELECT record FROM products WHERE tenant_id = ? ORDER BY name, id")

    def product(self, product_id: str) -> Product | None:
        """The product of that id."""
        with closing(self._connect()) as connection:
            query = "SELECT record FROM products WHERE tenant_id = ? AND id = ?"
            return self._one(connection, Product, query, product_id)

    def product_of(self, item_id: str) -> Product | None:
        """The product with a variant of that id."""
        with closing(self._connect()) as connection:
            return self._product_of(connection, item_id)

    def place(self, change: Change, *, key: str) -> Receipt:
        """Apply `change` in one transaction: all of it, or nothing. Raises `ShopRefused`."""
        with self._writing() as connection:
            row = connection.execute(
                "SELECT change, receipt FROM placed WHERE tenant_id = ? AND key = ?", (self._tenant, key)
            ).fetchone()
            if row is not None:
                return same_change(row[0], change, Receipt.model_validate_json(row[1]))
            done = self._changed(connection, change)
            self._write(connection, done)
            connection.execute(
                "INSERT INTO placed VALUES (?, ?, ?, ?)",
                (self._tenant, key, said(change), done.receipt.model_dump_json()),
            )
            return done.receipt

    def session(self, conversation: str) -> Session:
        """What is known of a conversation."""
        with closing(self._connect()) as connection:
            confirmed = connection.execute(
                "SELECT change FROM confirmed WHERE tenant_id = ? AND conversation = ? ORDER BY change",
                (self._tenant, conversation),
            ).fetchall()
            (misses,) = connection.execute(
                "SELECT count(*) FROM missed WHERE tenant_id = ? AND conversation = ?",
                (self._tenant, conversation),
            ).fetchone()
            customer_id = self._known(connection, conversation)
        return Session(customer_id=customer_id, confirmed=tuple(row[0] for row in confirmed), misses=misses)

    def identify(self, conversation: str, customer_id: str) -> None:
        """Note who the customer is. Raises `ShopRefused` if they were another before."""
        with self._writing() as connection:
            insist_on_one_customer(self._known(connection, conversation), customer_id)
            connection.execute(
                "INSERT OR IGNORE INTO sessions VALUES (?, ?, ?)", (self._tenant, conversation, customer_id)
            )

    def miss(self, conversation: str, attempt: FindByEmail | FindByName) -> None:
        """Note that nobody was found by `attempt`."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO missed VALUES (?, ?, ?)",
                (self._tenant, conversation, attempted(attempt)),
            )

    def confirm(self, conversation: str, change: Change) -> None:
        """Note that the customer said yes to `change`."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO confirmed VALUES (?, ?, ?)", (self._tenant, conversation, said(change))
            )

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=PATIENCE, isolation_level=None)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from its first statement on."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _all(self, kind: type[R], query: str, *values: str) -> list[R]:
        with closing(self._connect()) as connection:
            rows = connection.execute(query, (self._tenant, *values))
            return [kind.model_validate_json(row[0]) for row in rows]

    def _one(self, connection: sqlite3.Connection, kind: type[R], query: str, *values: str) -> R | None:
        row = connection.execute(query, (self._tenant, *values)).fetchone()
        return None if row is None else kind.model_validate_json(row[0])

    def _known(self, connection: sqlite3.Connection, conversation: str) -> str | None:
        row = connection.execute(
            "SELECT customer_id FROM sessions WHERE tenant_id = ? AND conversation = ?",
            (self._tenant, conversation),
        ).fetchone()
        return None if row is None else str(row[0])

    def _customer(self, connection: sqlite3.Connection, customer_id: str) -> Customer | None:
        query = "SELECT record FROM customers WHERE tenant_id = ? AND id = ?"
        return self._one(connection, Customer, query, customer_id)

    def _order(self, connection: sqlite3.Connection, order_id: str) -> Order | None:
        query = "SELECT record FROM orders WHERE tenant_id = ? AND id = ?"
        return self._one(connection, Order, query, order_id)

    def _product_of(self, connection: sqlite3.Connection, item_id: str) -> Product | None:
        query = (
            "SELECT record FROM products JOIN items ON items.tenant_id = products.tenant_id"
            " AND items.product_id = products.id WHERE products.tenant_id = ? AND items.id = ?"
        )
        return self._one(connection, Product, query, item_id)

    def _changed(self, connection: sqlite3.Connection, change: Change) -> Changed:
        if isinstance(change, ChangeCustomerAddress):
            customer = found(self._customer(connection, change.customer_id), change.customer_id)
            return change_customer(change, customer)
        order = self._order(connection, change.order_id)
        if order is None:
            raise ShopRefused("no_such_order", f"There is no order {change.order_id}.")
        customer = found(self._customer(connection, order.customer_id), order.customer_id)
        return change_order(change, order, customer, lambda item_id: self._product_of(connection, item_id))

    def _write(self, connection: sqlite3.Connection, done: Changed) -> None:
        customer, order = done.customer, done.order
        connection.execute(
            "UPDATE customers SET known_by = ?, record = ? WHERE tenant_id = ? AND id = ?",
            (known_by_of(customer), customer.model_dump_json(), self._tenant, customer.id),
        )
        if order is not None:
            connection.execute(
                "UPDATE orders SET record = ? WHERE tenant_id = ? AND id = ?",
                (order.model_dump_json(), self._tenant, order.id),
            )

    def _fill(self, connection: sqlite3.Connection, records: Records) -> None:
        tenant = self._tenant
        connection.executemany(
            "INSERT INTO customers VALUES (?, ?, ?, ?, ?)",
            [
                (tenant, one.id, one.email.casefold(), known_by_of(one), one.model_dump_json())
                for one in records.customers
            ],
        )
        connection.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?)",
            [(tenant, one.id, one.customer_id, one.model_dump_json()) for one in records.orders],
        )
        connection.executemany(
            "INSERT INTO products VALUES (?, ?, ?, ?)",
            [(tenant, one.id, one.name, one.model_dump_json()) for one in records.products],
        )
        connection.executemany(
            "INSERT INTO items VALUES (?, ?, ?)",
            [(tenant, variant.item_id, one.id) for one in records.products for variant in one.variants],
        )


def shops_in(folder: Path) -> Shops:
    """The shops of all tenants in `folder`; each is made, as it ships, when it is first asked for."""
    opened: dict[str, Shop] = {}

    def shop_of(tenant_id: str) -> Shop:
        shop = opened.get(tenant_id)
        if shop is None:
            made = SqliteShop(folder / FILE, tenant_id)
            shop = opened.setdefault(tenant_id, Shop(made, made))
        return shop

    return shop_of
