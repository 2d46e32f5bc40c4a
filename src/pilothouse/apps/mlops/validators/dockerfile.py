"""Lints Dockerfiles by a small table of rules; ids of the form DL3007 are hadolint's (https://github.com/hadolint/hadolint/wiki)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from pilothouse.apps.mlops.validators.model import Finding, Severity, ValidatorResult, counted

_WORDS = re.compile(r"\S+")
_SECRET = re.compile(r"(?i)(password|passwd|secret|token|api_?key|private_?key|credential)")
_REFERENCE = re.compile(r"(?i)_(file|path|name|uri|url|arn|id|ttl|header)$")
_KNOWN = re.compile(
    r"ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER"
    r"|VOLUME|WORKDIR"
)


@dataclass(frozen=True)
class Instruction:
    """One instruction with its continuation lines joined; `line` is where it begins."""

    name: str
    text: str
    line: int

    @property
    def words(self) -> list[str]:
        """The arguments without options such as --from."""
        return [word for word in _WORDS.findall(self.text) if not word.startswith("--")]


Problem = tuple[int, str]
Stage = list[Instruction]


def check_dockerfiles(files: Mapping[str, bytes]) -> ValidatorResult:
    """Lint every Dockerfile."""
    paths = [path for path in sorted(files) if _is_dockerfile(PurePosixPath(path).name)]
    findings = [
        Finding(path=path, line=max(line, 1), rule=rule, message=message, severity=severity)
        for path in paths
        for rule, severity, line, message in _problems(files[path].decode(errors="replace"))
    ]
    return ValidatorResult.of(
        "dockerfile", findings, f"{counted(len(paths), 'Dockerfile')} linted by {len(RULES)} rules"
    )


def _is_dockerfile(name: str) -> bool:
    return (
        name in {"Dockerfile", "Containerfile"}
        or name.startswith("Dockerfile.")
        or name.endswith(".Dockerfile")
    )


def _problems(text: str) -> Iterator[tuple[str, Severity, int, str]]:
    instructions = read_instructions(text)
    for rule, (severity, find) in RULES.items():
        yield from ((rule, severity, line, message) for line, message in find(instructions))


def read_instructions(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile, without comments, with their continuations and heredocs."""
    found: list[Instruction] = []
    lines = iter(enumerate(text.splitlines(), 1))
    for number, raw in lines:
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        while line.endswith("\\"):
            _, more = next(lines, (0, ""))
            line = line[:-1] + ("\\" if more.lstrip().startswith("#") else " " + more.strip())
        marker = re.search(r"<<-?[\"']?(\w+)[\"']?", line)
        if marker:
            for _, more in lines:
                if more.strip() == marker[1]:
                    break
                line += f"\n{more}"
        name, _, rest = line.partition(" ")
        found.append(Instruction(name.upper(), rest.strip(), number))
    return found


def _stages(found: Stage) -> list[Stage]:
    stages: list[Stage] = []
    for item in found:
        if item.name == "FROM":
            stages.append([])
        if stages:
            stages[-1].append(item)
    return stages


def _unknown(found: Stage) -> Iterator[Problem]:
    for item in found:
        if not _KNOWN.fullmatch(item.name):
            yield item.line, f"{item.name!r} is no instruction."
    if not any(item.name == "FROM" for item in found):
        yield 1, "There is no FROM."


def _images(found: Stage) -> Iterator[tuple[Instruction, str]]:
    """Base images that come from a registry: not scratch, not an earlier stage."""
    names: set[str] = set()
    for item in found:
        if item.name == "FROM" and item.words:
            image, *rest = item.words
            if image not in names and image != "scratch":
                yield item, image
            if len(rest) == 2 and rest[0].upper() == "AS":
                names.add(rest[1])


def _untagged(found: Stage) -> Iterator[Problem]:
    for item, image in _images(found):
        if "@" not in image and ":" not in image.rsplit("/", 1)[-1] and "$" not in image:
            yield item.line, f"{image} names no version; the build changes whenever the image does."


def _latest(found: Stage) -> Iterator[Problem]:
    for item, image in _images(found):
        if image.split("@")[0].endswith(":latest") and "@" not in image:
            yield item.line, f"{image} changes without notice; name a version."


def _root(found: Stage) -> Iterator[Problem]:
    stage = _stages(found)[-1:] or [[]]
    users = [item for item in stage[0] if item.name == "USER"]
    if stage[0] and not users:
        yield stage[0][0].line, "The last stage never sets USER: the container runs as root."
    elif users and users[-1].text.split(":")[0] in {"root", "0"}:
        yield users[-1].line, "The last USER is root."


def _add(found: Stage) -> Iterator[Problem]:
    for item in found:
        sources = item.words[:-1]
        if item.name == "ADD" and any("://" not in source and ".tar" not in source for source in sources):
            yield item.line, "Use COPY for files and folders: ADD unpacks and downloads."


def _secrets(found: Stage) -> Iterator[Problem]:
    for item in found:
        if item.name not in {"ENV", "ARG"}:
            continue
        pairs = re.findall(r"([\w.]+)=(\"[^\"]*\"|\S*)", item.text) or [tuple(item.text.partition(" ")[::2])]
        for name, value in pairs:
            if _SECRET.search(name) and not _REFERENCE.search(name) and value.strip('"'):
                yield item.line, f"{item.name} {name} would stay in the image; mount it as a secret."


def _health(found: Stage) -> Iterator[Problem]:
    last = (_stages(found)[-1:] or [[]])[0]
    exposed = [item for item in last if item.name == "EXPOSE"]
    if exposed and not any(item.name == "HEALTHCHECK" for item in last):
        yield exposed[0].line, "A service that listens needs a HEALTHCHECK."


def _shell_form(found: Stage) -> Iterator[Problem]:
    for item in found:
        if item.name in {"CMD", "ENTRYPOINT"} and not item.text.startswith("["):
            yield (
                item.line,
                f'Write {item.name} as ["program", "argument"], so that signals reach the program.',
            )


def _apt(found: Stage) -> Iterator[Problem]:
    for item in found:
        cached = "type=cache" in item.text and "/var/lib/apt" in item.text
        kept = item.name == "RUN" and "apt-get install" in item.text and "/var/lib/apt/lists" not in item.text
        if kept and not cached:
            yield item.line, "Delete /var/lib/apt/lists in the same RUN."


def _apt_asks(found: Stage) -> Iterator[Problem]:
    for item in found:
        if (
            item.name == "RUN"
            and "apt-get install" in item.text
            and not re.search(r"\s(-y|-qy|--yes)\b", item.text)
        ):
            yield item.line, "apt-get install needs --yes: nobody answers its question."


def _pip(found: Stage) -> Iterator[Problem]:
    cached = {item.line for item in found if "type=cache" in item.text}
    uncached = any(item.name in {"ENV", "ARG"} and "PIP_NO_CACHE_DIR" in item.text for item in found)
    for item in found:
        installs = item.name == "RUN" and re.search(r"\bpip3?\s+install\b", item.text)
        if installs and not uncached and item.line not in cached and "--no-cache-dir" not in item.text:
            yield item.line, "pip install without --no-cache-dir leaves its cache in the image."


def _relative(found: Stage) -> Iterator[Problem]:
    for item in found:
        if item.name == "WORKDIR" and not item.text.strip('"').startswith(("/", "$")):
            yield item.line, "WORKDIR is to be an absolute path."


def _several(found: Stage) -> Iterator[Problem]:
    for stage in _stages(found):
        for name in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
            for item in [item for item in stage if item.name == name][1:]:
                yield item.line, f"Only the last {name} of a stage counts; this is a second one."


def _sudo(found: Stage) -> Iterator[Problem]:
    for item in found:
        if item.name == "RUN" and re.search(r"(^|[\s;&])sudo\s", item.text):
            yield item.line, "sudo has no place in a build; set USER."


RULES: dict[str, tuple[Severity, Callable[[Stage], Iterator[Problem]]]] = {
    "syntax": (Severity.ERROR, _unknown),
    "DL3000": (Severity.ERROR, _relative),
    "DL3002": (Severity.ERROR, _root),
    "DL3004": (Severity.ERROR, _sudo),
    "DL3006": (Severity.ERROR, _untagged),
    "DL3007": (Severity.ERROR, _latest),
    "DL3009": (Severity.ERROR, _apt),
    "DL3014": (Severity.ERROR, _apt_asks),
    "DL3020": (Severity.ERROR, _add),
    "DL3025": (Severity.ERROR, _shell_form),
    "DL3042": (Severity.ERROR, _pip),
    "DL4003": (Severity.WARNING, _several),
    "secret-in-image": (Severity.ERROR, _secrets),
    "no-healthcheck": (Severity.ERROR, _health),
}
"""Rule id to severity and check. The last two are our own; hadolint has no rule for them."""
