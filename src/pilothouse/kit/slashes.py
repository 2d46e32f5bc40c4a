"""Names with slashes as one part of a path of the API, where a tilde stands for a slash.

An encoded slash (`%2F`) will not do: proxies decode it, merge it or refuse it, and so does this server.
No name has a tilde, and a tilde needs no encoding (RFC 3986, section 2.3).
"""

SLASH, WRITTEN = "/", "~"


def as_part(name: str) -> str:
    """A name as it stands in a path: `support~triage`."""
    return name.replace(SLASH, WRITTEN)


def of_part(part: str) -> str:
    """The name that stands so in a path."""
    return part.replace(WRITTEN, SLASH)
