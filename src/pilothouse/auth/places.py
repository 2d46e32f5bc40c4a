"""Where a browser may be sent after signing in: a path of this server, and nothing that leads elsewhere."""

from __future__ import annotations

import re

HOME = "/"
LONGEST = 500

_PATH = re.compile(r"/(?![/\\])[A-Za-z0-9/_.~%?=&+,:;@!$'()*-]*")


def local_path(said: str | None) -> str:
    """`said` if it is a path of this server, and the home page otherwise.

    What browsers take for another host is none: `//host`, a backslash, a control character that is left out.
    """
    if said is None or len(said) > LONGEST or _PATH.fullmatch(said) is None:
        return HOME
    return HOME if "//" in said or "/." in said or "%2f" in said.lower() or "%5c" in said.lower() else said
