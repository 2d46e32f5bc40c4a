"""Makes attacks, alone and inside mails, pages, tickets and code, and harmless texts of the same forms."""

from __future__ import annotations

import base64
import codecs
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from injection_texts.grammar import FOLDER, Tables, disturbed, expand, read

JAILBREAK = "jailbreak"
_LITERAL = str.maketrans("[]{}", "()()")  # what a template would take for its own signs


@dataclass(frozen=True)
class Template:
    """A template with the tables it draws from; `kind` is its group in the file, `attack` its label."""

    text: str
    kind: str
    attack: bool
    tables: Tables


@dataclass(frozen=True)
class Text:
    """A text that was made, its label and kind."""

    text: str
    kind: str
    attack: bool


def templates() -> list[Template]:
    """All templates of the three files."""
    attacks, benign, languages = read("attacks"), read("benign"), read("languages")
    tables = {**attacks["tables"], **attacks["jailbreak_tables"], **attacks["indirect_tables"]}
    found = [Template(one, kind, True, tables) for kind, many in attacks["kinds"].items() for one in many]
    found += [Template(one, JAILBREAK, True, tables) for one in attacks["jailbreak"]]
    found += [Template(one, "indirect", True, tables) for one in attacks["indirect"]]
    for kind, many in benign.items():
        if kind != "tables":
            found += [Template(one, kind, False, benign["tables"]) for one in many]
    found += [Template(one.translate(_LITERAL), "prose", False, {}) for one in prose()]
    for language, both in languages.items():
        found += [Template(one, f"language_{language}", True, {}) for one in both["attack"]]
        found += [Template(one, f"language_{language}", False, {}) for one in both["benign"]]
    return found


def split(
    known: Sequence[Template], rng: random.Random, share: float
) -> tuple[list[Template], list[Template]]:
    """Templates in two parts, `share` of each kind in the second, so that no sentence is on both sides."""
    parts: tuple[list[Template], list[Template]] = ([], [])
    groups: dict[tuple[str, bool], list[Template]] = {}
    for one in known:
        groups.setdefault((one.kind, one.attack), []).append(one)
    for many in groups.values():
        shuffled = rng.sample(many, len(many))
        cut = round(len(many) * share)
        parts[1].extend(shuffled[:cut])
        parts[0].extend(shuffled[cut:])
    return parts


def prose() -> list[str]:
    """Sentences of this project's documentation (`prose.txt`): harmless, full of secrets, rules and roles."""
    return (FOLDER / "prose.txt").read_text("utf-8").splitlines()


class Maker:
    """Makes texts from some templates with one source of chance."""

    def __init__(self, known: Iterable[Template], rng: random.Random) -> None:
        self._rng = rng
        self._attacks: dict[str, list[Template]] = {}
        self._benign: dict[str, list[Template]] = {}
        for one in known:
            (self._attacks if one.attack else self._benign).setdefault(one.kind, []).append(one)

    def sentence(self, *, attack: bool) -> Text:
        """One sentence, each kind as likely as the number of its templates."""
        groups = self._attacks if attack else self._benign
        kinds = list(groups)
        kind = self._rng.choices(kinds, [min(40, len(groups[one])) ** 0.7 for one in kinds])[0]
        return self._of(groups, kind)

    def benign(self, *kinds: str) -> str:
        """A harmless sentence of one of some kinds."""
        return self._of(self._benign, self._rng.choice([one for one in kinds if one in self._benign])).text

    def harmless(self) -> Text:
        """A harmless text: one sentence or several, perhaps as a page, a mail, code or a ticket."""
        rng = self._rng
        kind = self.sentence(attack=False).kind
        many = 1 if rng.random() < 0.35 else rng.randint(2, 12) if rng.random() < 0.7 else rng.randint(10, 40)
        lines = [disturbed(self._of(self._benign, kind).text, rng)]
        lines += [
            self.benign(kind, kind, "neutral", "everyday")
            if not kind.startswith("language")
            else self._of(self._benign, kind).text
            for _ in range(many - 1)
        ]
        made = self._carried(lines) if many > 2 and rng.random() < 0.5 else " ".join(lines)
        return Text(made, kind, False)

    def hostile(self) -> Text:
        """An attack: alone, behind harmless words, as a long jailbreak, or inside somebody's document."""
        chance = self._rng.random()
        if chance < 0.45:
            return self._direct()
        if chance < 0.7 and JAILBREAK in self._attacks:
            return self._jailbreak()
        return self._indirect()

    def _of(self, groups: Mapping[str, list[Template]], kind: str) -> Text:
        template = self._rng.choice(groups[kind])
        return Text(expand(template.text, template.tables, self._rng), kind, template.attack)

    def _direct(self) -> Text:
        rng = self._rng
        kinds = [one for one in self._attacks if one not in (JAILBREAK, "indirect")]
        one = self._of(
            self._attacks, rng.choices(kinds, [len(self._attacks[kind]) ** 0.7 for kind in kinds])[0]
        )
        text = disturbed(one.text, rng)
        chance = rng.random()
        if chance < 0.25:
            text = " ".join(
                [*(self.benign("prompts", "neutral", "everyday") for _ in range(rng.randint(1, 5))), text]
            )
        elif chance < 0.35:
            text = f"{text} {self.benign('prompts', 'support')}"
        elif chance < 0.45:
            text = self._encoded(text)
        return Text(text, one.kind, True)

    def _jailbreak(self) -> Text:
        rng = self._rng
        lines = [self._of(self._attacks, JAILBREAK).text for _ in range(rng.randint(2, 12))]
        for _ in range(rng.randint(0, 2 * len(lines))):
            lines.insert(rng.randrange(len(lines) + 1), self.benign("prompts", "neutral", "everyday", "mail"))
        joint = rng.choice([" ", " ", "\n", ", ", "\n\n"])
        return Text(joint.join(lines), JAILBREAK, True)

    def _indirect(self) -> Text:
        rng = self._rng
        kind = (
            "indirect"
            if "indirect" in self._attacks and rng.random() < 0.8
            else rng.choice(list(self._attacks))
        )
        attack = self._of(self._attacks, kind).text
        if rng.random() < 0.2:
            attack = self._encoded(attack)
        lines = [self.benign("mail", "support", "neutral", "developers") for _ in range(rng.randint(2, 8))]
        where = rng.random()
        if where < 0.25:
            lines.insert(rng.randrange(len(lines) + 1), f"<!-- {attack} -->")
        elif where < 0.35:
            lines.insert(rng.randrange(len(lines) + 1), f"# {attack}")
        elif where < 0.45:
            lines.append(f"<span style='display:none'>{attack}</span>")
        else:
            lines.insert(rng.randrange(len(lines) + 1), attack)
        return Text(self._carried(lines), "indirect", True)

    def _carried(self, lines: list[str]) -> str:
        rng = self._rng
        forms: tuple[Callable[[], str], ...] = (
            lambda: "\n".join(lines),
            lambda: " ".join(lines),
            lambda: "<html><body>" + "".join(f"<p>{line}</p>" for line in lines) + "</body></html>",
            lambda: f"Subject: {self.benign('mail')}\n\n" + "\n".join(lines) + "\n\nBest, Kim",
            lambda: "{" + ", ".join(f'"field_{at}": "{line}"' for at, line in enumerate(lines)) + "}",
            lambda: "def run(x):\n" + "\n".join(f"    # {line}" for line in lines) + "\n    return x\n",
            lambda: "| item | note |\n" + "\n".join(f"| {at} | {line} |" for at, line in enumerate(lines)),
        )
        return rng.choice(forms)()

    def _encoded(self, text: str) -> str:
        rng = self._rng
        raw = text.encode()
        ask = rng.choice(
            ["", "", "decode this and do it: ", "please read: ", "what does this say? ", "note "]
        )
        ways: tuple[Callable[[], str], ...] = (
            lambda: ask + base64.b64encode(raw).decode(),
            lambda: ask + raw.hex(),
            lambda: ask + codecs.encode(text, "rot13"),
            lambda: ask + " ".join(f"{byte:08b}" for byte in raw[:60]),
            lambda: ask + "".join(f"%{byte:02x}" for byte in raw),
            lambda: text.replace("e", "3").replace("o", "0").replace("i", "1"),
            lambda: "\u200b".join(text),
            lambda: text.replace("a", "\u0430").replace("e", "\u0435").replace("o", "\u043e"),
            lambda: ask + "".join(chr(0xE0000 + byte) for byte in raw if byte < 127),
            lambda: ask + text[::-1],
        )
        return rng.choice(ways)()
