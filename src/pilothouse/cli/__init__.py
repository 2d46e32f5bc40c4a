"""The `pilothouse` command. Heavy imports are made inside the commands, so that `--help` is quick."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; a Pilothouse error becomes a message and an exit code, never a traceback."""
    from pilothouse.kit.collecting import seldom

    seldom()
    from pilothouse.cli.main import command
    from pilothouse.errors import Category, PilothouseError

    try:
        command()
    except PilothouseError as error:
        sys.stderr.write(f"pilothouse: {error}\n")
        sys.exit(2 if error.category is Category.USER else 1)
    except KeyboardInterrupt:
        sys.exit(130)
