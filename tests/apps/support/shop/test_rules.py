"""Random orders and actions: Cedar decides as the rules in plain Python do, and the records agree."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from action_policies import ActionPolicies
from pilothouse import Money
from pilothouse.apps.support.shop import inputs
from pilothouse.apps.support.shop.errors import ShopRefused
from pilothouse.apps.support.shop.schemas import Order, Status, Swap, Transaction
from retail_desk import Desk
from retail_judge import Judge
from support.small_shop import ANNA, AWAY, GIFT, MUG, item, order, shop_with

APPROVALS = {"refund-above-limit", "refund-on-untrusted-word"}
OF_THE_MOMENT = {
    *("identity-not-verified", "another-customers-order", "another-customers-record"),
    *("not-confirmed", "one-customer-a-conversation"),
}
ITEMS = st.sampled_from(["S", "M", "L", "XL", "blue", "nothing"])
METHODS = st.sampled_from(["card", "gift", "paypal", "bens", "nothing"])


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Anna's order in any state, with a past of payments and refunds."""
    method = st.sampled_from(["card", "gift", "paypal", "gone"])
    made = [
        Transaction(
            kind="payment", amount_cents=draw(st.sampled_from([2900, 30_000])), payment_method_id=draw(method)
        )
    ]
    if draw(st.booleans()):
        made.append(
            Transaction(
                kind=draw(st.sampled_from(["payment", "refund"])),
                amount_cents=draw(st.sampled_from([0, 100, 2900])),
                payment_method_id=draw(method),
            )
        )
    return order(
        draw(st.sampled_from(Status)),
        customer_id=draw(st.sampled_from(["anna", "anna", "anna", "ben"])),
        items=draw(
            st.sampled_from([(item("S"), item("blue", MUG)), (item("S"), item("S")), (item("blue", MUG),)])
        ),
        transactions=tuple(made),
        refunds=draw(st.sampled_from([0, 0, 1])),
        version=draw(st.sampled_from([1, 1, 2])),
    )


@st.composite
def actions(draw: st.DrawFn) -> Any:
    """Any input of any tool, of things that there are and that there are not."""
    kind = draw(
        st.sampled_from(
            [
                *(inputs.FindByEmail, inputs.ReadCustomer, inputs.ReadOrder, inputs.CancelOrder),
                *(inputs.ChangeOrderAddress, inputs.ChangeOrderPayment, inputs.ChangeCustomerAddress),
                *(inputs.ChangeOrderItems, inputs.ReturnItems, inputs.ExchangeItems, inputs.RefundOrder) * 2,
            ]
        )
    )
    customers = st.sampled_from(["anna", "anna", "ben", "nobody"])
    swap = st.builds(lambda old, new: Swap(item_id=old, new_item_id=new), ITEMS, ITEMS)
    strategies: dict[str, st.SearchStrategy[Any]] = {
        "email": customers.map(lambda name: f"{name}@example.com"),
        "customer_id": customers,
        "order_id": st.sampled_from(["o1"] * 9 + ["o2"]),
        "version": st.sampled_from([1, 1, 1, 2]),
        "reason": st.sampled_from(["no longer needed", "ordered by mistake", "damaged", "late", "a whim"]),
        "address": st.just(AWAY),
        "payment_method_id": METHODS,
        "swaps": st.lists(swap, min_size=1, max_size=3).map(tuple),
        "item_ids": st.lists(ITEMS, min_size=1, max_size=3).map(tuple),
        "amount": st.builds(
            Money,
            st.sampled_from(
                ["-1", "0", "0.004", "0.01", "29", "29.01", "50", "50.01", "100", "100.01", "300.01"]
            ),
            st.sampled_from(["EUR", "EUR", "EUR", "USD"]),
        ),
    }
    names = ["email"] if kind is inputs.FindByEmail else list(kind.model_fields)
    return kind(**{name: draw(strategies[name]) for name in names})


@given(
    made=orders(),
    value=actions(),
    known=st.sampled_from([None, "anna", "anna", "anna", "ben"]),
    confirmed=st.sampled_from([True, True, False]),
    untrusted=st.booleans(),
    balance=st.sampled_from([0, 499, 500, 2900]),
    misses=st.sampled_from([0, 0, 4, 5]),
)
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_cedar_decides_as_the_rules_in_plain_python_do(
    *,
    rules: ActionPolicies,
    made: Order,
    value: Any,
    known: str | None,
    confirmed: bool,
    untrusted: bool,
    balance: int,
    misses: int,
) -> None:
    card = GIFT.model_copy(update={"balance_cents": balance})
    rest = tuple(one for one in ANNA.payment_methods if one.id != card.id)
    shop = shop_with(made, customer=ANNA.model_copy(update={"payment_methods": (*rest, card)}))
    desk = Desk(shop, rules)
    if known is not None:
        desk.identify(known)
    for number in range(misses):
        shop.miss(desk.conversation, inputs.FindByEmail(email=f"{number}@example.com"))
    if confirmed:
        desk.confirm(value)
    marks = ("untrusted",) if untrusted else ()
    broken = Judge(shop).broken(value, known, confirmed=confirmed, marks=marks, misses=misses)
    decided = desk.decide(value, marks)
    assert decided.errors == ()
    expected = "allow" if not broken else "require_approval" if broken <= APPROVALS else "deny"
    assert decided.verdict == expected
    if broken:
        assert set(decided.policies) == broken
    if isinstance(value, inputs.ChangeOrder | inputs.ChangeCustomerAddress):
        taken = True
        try:
            shop.place(value, key="k")
        except ShopRefused:
            taken = False
        assert taken == (broken <= APPROVALS | OF_THE_MOMENT)
