"""`python -m support.provider --port N --script NAME`: prints its address and serves until it is ended.

GET /simulated says what has come so far, whether an outage is on and when that changes; POST /simulated with
{"script": "NAME", "scale": 1, "seed": 1} goes on by another script.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections import Counter

from aiohttp import web

from support.provider.scripts import NAMED, Outages, Script, named
from support.provider.server import Provider


class Steered(Provider):
    """A provider that other processes can ask what came, and tell to play another script."""

    playing: Script

    def play_named(self, name: str, scale: float, seed: int) -> None:
        """Go on by the named script."""
        self.playing = named(name, scale=scale, seed=seed)
        if isinstance(self.playing, Outages):
            self.playing.begin()
        self.play(self.playing)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """As before, apart from what is about the provider itself."""
        if request.rel_url.path != "/simulated":
            return await super()._answer(request)
        if request.method == "POST":
            said = await web.BaseRequest.json(request)
            self.play_named(said["script"], said.get("scale", 1.0), said.get("seed", 1))
        return web.json_response(self._told())

    def _told(self) -> dict[str, object]:
        """What came by format, how many clients went away, and when, in seconds of the system's clock."""
        return {
            "requests": len(self.requests),
            "formats": Counter(asked.wire for asked in self.requests),
            "left": sum(asked.left is not None for asked in self.requests),
            "came": [asked.came for asked in self.requests],
            "now": self._clock.monotonic(),
            "down": isinstance(self.playing, Outages) and self.playing.down,
            "turns_in": self.playing.turns_in if isinstance(self.playing, Outages) else None,
        }


async def serve(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, ended.set)
    provider = Steered(port=options.port)
    provider.play_named(options.script, options.scale, options.seed)
    async with provider:
        sys.stdout.write(provider.url + "\n")
        sys.stdout.flush()
        await ended.wait()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m support.provider", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 is a free one")
    parser.add_argument("--script", default="answers", help=f"{', '.join(NAMED)}, or module:function")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the seconds of outages")
    parser.add_argument("--seed", type=int, default=1)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
