"""Who sees the arguments of an action: others see placeholders, and the digest of the real ones."""

from __future__ import annotations

from typing import Any

import httpx

from pilothouse.guards.hiding import Hiding
from pilothouse.kit import canonical
from pilothouse.vault.service import Vault
from support.reached import ADDRESS, Shop

SECRET = {
    "to": ADDRESS,
    "iban": "DE89370400440532013000",
    "card": 4532015112830366,
    "password": "hunter2",
    "api_key": 12,
    "note": f"Write to {ADDRESS} and to {ADDRESS} again.",
    "nested": [{"phone": "+49 30 901820"}],
}
PLAIN = {"order": "A1", "cents": 500, "paid": True, "none": None, "list": ["red", 7], "ratio": 0.25}


async def test_personal_data_and_secrets_become_placeholders_that_are_the_same_for_the_same_text(
    vault: Vault,
) -> None:
    hide = await Hiding(vault).of("default")
    seen = hide(SECRET)
    text = canonical.to_json(seen).decode()
    for part in (ADDRESS, "DE8937", "453201", "hunter2", "901820", ":12,"):
        assert part not in text
    assert isinstance(seen, dict)
    placeholder = str(seen["to"])
    assert placeholder.startswith("<EMAIL:")
    assert str(seen["note"]).count(placeholder) == 2
    again = (await Hiding(vault).of("default"))(SECRET)
    assert again == seen  # in every process
    assert (await Hiding(vault).of("other"))(SECRET) != seen
    assert hide(PLAIN) == PLAIN


async def test_what_is_sent_back_as_it_was_shown_means_what_it_was(vault: Vault) -> None:
    hide = await Hiding(vault).of("default")
    seen = hide(SECRET)
    assert hide.meant(seen, SECRET) == SECRET
    assert isinstance(seen, dict)
    changed = seen | {"note": f"Only to {seen['to']}.", "password": "other", "nested": []}
    assert hide.meant(changed, SECRET) == SECRET | {
        "note": f"Only to {ADDRESS}.",
        "password": "other",
        "nested": [],
    }
    assert hide.meant({"to": "<EMAIL:aaaa>", "x": "***"}, SECRET) == {"to": "<EMAIL:aaaa>", "x": "***"}


async def test_placeholders_of_the_run_stay_as_they_are(vault: Vault) -> None:
    hide = await Hiding(vault).of("default")
    assert hide({"card": "<CARD:k3f9>"}) == {"card": "<CARD:k3f9>"}


async def arguments(shop: Shop, question: dict[str, Any], *roles: str) -> tuple[Any, str]:
    """The arguments of an action and its digest, as somebody with these roles sees them."""
    made = (await shop.client.post("/api/v1/keys", json={"name": "a", "roles": list(roles)})).json()
    headers = {"authorization": f"Bearer {made['secret']}"}
    shown: httpx.Response = await shop.client.get(f"/api/v1/questions/{question['id']}", headers=headers)
    listed = await shop.client.get("/api/v1/questions", headers=headers)
    action = shown.json()["action"]
    assert listed.json()["items"][0]["action"]["arguments"] == action["arguments"]
    return action["arguments"], action["digest"]


async def test_whoever_has_no_right_to_personal_data_sees_placeholders_and_the_same_digest(
    shop: Shop,
) -> None:
    question = await shop.refund()
    path = f"/api/v1/questions/{question['id']}/edit"
    body = {"digest": question["action"]["digest"], "arguments": {"order": ADDRESS, "cents": 5}}
    shop.policy.requirements = (shop.policy.requirements[0].model_copy(update={"role": "legal"}),)
    assert (await shop.client.post(path, json=body)).status_code == 200
    while True:
        found = (await shop.client.get("/api/v1/questions", params={"status": "open"})).json()["items"]
        if found:
            break
    real, digest = await arguments(shop, found[0], "approver:legal", "approver:privacy")
    assert real == {"order": ADDRESS, "cents": 5}
    masked, same = await arguments(shop, found[0], "approver:legal")
    assert (masked["cents"], masked["order"].startswith("<EMAIL:"), same) == (5, True, digest)
    assert (await arguments(shop, found[0], "viewer"))[0] == masked
