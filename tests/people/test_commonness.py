"""Common and breached passwords are told, however they are dressed up; good passphrases pass."""

from __future__ import annotations

import random
import string

import pytest

from pilothouse.people import commonness
from pilothouse.people.errors import PasswordRefused
from pilothouse.people.passwords import Passwords
from support.people import CHEAP

BREACHED = """
123456789012 1234567890123 123456789123 123123123123 111111111111 000000000000 qwertyuiop123 qwerty123456
qwertyuiopasdfghjkl qwertyuiopasdf qwerty1234567 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1qaz2wsx3edc 1qaz2wsx3edc4rfv
qazwsxedcrfv qazwsxedc123 zxcvbnm12345 asdfghjkl123 asdfghjklzxcvbnm password1234 password12345
password123456 Password1234 passwordpassword password1password mypassword123 iloveyou1234 iloveyouforever
iloveyou12345 ilovemyfamily princess123456 superman12345 spiderman1234 administrator administrator1
adminadmin123 administrator123 letmeinletmein trustno1trustno1 changeme12345 sunshine1234 football1234
baseball12345 basketball123 liverpoolfc1 manchesterunited chelsea123456 michaeljackson christopher1
jesuschrist1 leavemealone sonyericsson thequickbrownfox maytheforcebewithyou correcthorsebatterystaple
abcdefghijklmnop abcdefg1234567 abc123456789 a1b2c3d4e5f6 123456qwerty 123456abcdef aaaaaaaaaaaa
metallica666 harrypotter1 starwars1234 dragonball123 pokemon12345 samsung123456 computer1234 onetwothreefour
startrek1234 blink182blink182
"""
"""Long ones that stand in published lists of breached passwords."""

DRESSED_UP = """
Summer2024!!! Winter2023!@# Password1234! P@ssw0rd1234! Pa$$w0rd2025! Passw0rd!Passw0rd! Welcome2024!!
Qwerty123456! Monday2024!! January2025! Germany2022!! Liverpool2024! CorrectHorseBatteryStaple
correct-horse-battery-staple C0rrectH0rseBatterySt@ple! MayTheForceBeWithYou! Iloveyou2024!
WelcomePassword1! asdfghjkl;'1 Football1234! T0BeOrNotT0Be! 5ummer2024!! !!!Autumn2026!!! 1234drowssap!
ChangeMe-2026! drowssaP4321!
"""
"""What people make of common words and phrases so that they look complicated."""

GOOD = [
    "a quiet harbour at dawn",
    "seventeen lanterns drifting",
    "copper kettle beyond midnight",
    "violet-anchor-meadow-47",
    "Hedgehogs repaint the observatory",
    "marble thistle orbit 9 canoe",
    "eleven walnuts under a blue tarp",
    "my bicycle dreams of gravel",
    "glacier.pancake.trumpet.willow",
    "unpaid tortoise negotiates rent",
    "мой тихий дом над морем",
    "leise rieselt kein Zement",
    "trois escargots lisent Kafka",
    "xK9#mQ2$vL7p",
    "t7Gw!zR4&hNq",
    "Vq8-bX2-nW5-kT9",
    "9f27c1e4b86d03a5",
    "kH4wYtQ9sLz2Bn",
    "zebra saffron plywood echo",
    "The moth ate 3 velvet maps",
    "borrow-lichen-spoon-atlas",
    "nine polite volcanoes hum",
    "\u6c34\u66dc\u65e5\u306b\u9752\u3044\u5098\u3092\u304b\u3058\u308b\u732b",
]


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords(CHEAP)


@pytest.mark.parametrize("password", [*BREACHED.split(), *DRESSED_UP.split()])
async def test_what_was_breached_or_is_made_of_it_is_refused(passwords: Passwords, password: str) -> None:
    assert len(password) >= 12
    with pytest.raises(PasswordRefused):
        await passwords.check(password)


@pytest.mark.parametrize("password", GOOD)
async def test_what_is_in_no_list_and_no_habit_passes(passwords: Passwords, password: str) -> None:
    await passwords.check(
        password, ["ada@example.com", "ada", "example.com", "Ada Lovelace", "acme", "Acme Ltd"]
    )


def test_a_breached_password_is_told_by_the_list_also_where_it_looks_strong() -> None:
    assert "stolen" in str(commonness.reason("ghhh47hj7649"))
    assert "stolen" in str(commonness.reason("GHHH47HJ7649"))
    assert commonness.reason("ghhh47hj7650") is None


@pytest.mark.parametrize(
    "password",
    [
        "Pilothouse2026!", "pilothouse-pilothouse", "P1l0thouse-Admin",
        "Northwind Traders 1", "northwind#Password", "Grace-Northwind-1",
        "GraceHopper1906", "hopper.grace!1906", "gracehopper@northwind",
    ],
)  # fmt: skip
def test_names_of_the_product_the_tenant_and_the_person_are_no_password(password: str) -> None:
    about = ["Grace Hopper", "grace.hopper@northwind.example", "Northwind Traders"]
    assert commonness.reason(password, about)


def test_the_name_of_somebody_else_does_no_harm() -> None:
    assert commonness.reason("hopper.grace!1906") is None


def test_a_name_within_a_long_passphrase_does_no_harm() -> None:
    assert commonness.reason("grace paints forty copper gates", ["Grace Hopper"]) is None


def test_any_text_can_be_looked_up() -> None:
    source = random.Random(7)
    alphabet = string.ascii_letters + string.digits + "!@#$ \u00e4\u0436\u4e2d\U0001f600"
    for length in [*range(1, 40), 127, 128, 129, 1_024]:
        commonness.reason("".join(source.choice(alphabet) for _ in range(length)), ["", "a", "Zo\u00eb"])
