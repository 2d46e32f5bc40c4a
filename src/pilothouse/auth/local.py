"""How the token of this machine is known, by the server that makes it and by the commands that send it."""

from __future__ import annotations

LOCAL = "ph_local_"
"""With this begins the token by which programs of this machine come."""
