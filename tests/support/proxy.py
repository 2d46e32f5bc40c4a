"""A TCP proxy in front of PostgreSQL that drops, delays, half-closes and swallows, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo


class Proxy:
    """Relays between TCP clients and the server of a connection string; use it in a `with` block."""

    def __init__(self, conninfo: str) -> None:
        said = conninfo_to_dict(conninfo)
        self._host, self._port = str(said.get("host", "127.0.0.1")), int(said.get("port", 5432))
        self._given = conninfo
        self._loop = asyncio.new_event_loop()
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.delay = 0.0
        self.refusing = False
        self.passed = 0
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def conninfo(self) -> str:
        """Leads through this proxy."""
        plain = {"sslmode": "disable", "gssencmode": "disable"}
        return make_conninfo(self._given, host="127.0.0.1", port=self._listens, **plain)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._relay, "127.0.0.1", 0))
        self._listens = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def drop(self, *, refuse: bool = False) -> None:
        """Reset every connection; then `refuse` new ones until `mend`."""
        self.refusing = refuse
        self._each(lambda client, server: (client.transport.abort(), server.transport.abort()))

    def half_close(self) -> None:
        """The server's word reaches the clients no more, and they are told so; theirs still reaches it."""
        self._each(lambda client, _: client.write_eof() if client.can_write_eof() else None)

    def swallow(self) -> None:
        """Take everything and pass nothing on, until `mend`: what was held back arrives late."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def mend(self) -> None:
        """All is well again."""
        self.refusing, self.delay = False, 0.0
        self._loop.call_soon_threadsafe(self._open.set)

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _each(self, work: Callable[[asyncio.StreamWriter, asyncio.StreamWriter], Any]) -> None:
        async def all_of_them() -> None:
            for pair in list(self._pairs):
                with contextlib.suppress(OSError, RuntimeError):
                    work(*pair)

        self._call(all_of_them())

    async def _relay(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        try:
            if self.refusing:
                return
            answers, server = await self._reach()
        except OSError:
            client.transport.abort()
            return
        finally:
            if self.refusing:
                client.transport.abort()
        self._pairs.add(pair := (client, server))
        try:
            await asyncio.gather(self._pump(reader, server), self._pump(answers, client))
        finally:
            self._pairs.discard(pair)
            client.transport.abort()
            server.transport.abort()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._host.startswith("/"):
            return await asyncio.open_unix_connection(Path(self._host) / f".s.PGSQL.{self._port}")
        return await asyncio.open_connection(self._host, self._port)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Pass on what comes, later or not at all, and the end of it."""
        with contextlib.suppress(OSError):
            while data := await source.read(1 << 16):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self._open.wait()
                self.passed += len(data)
                sink.write(data)
                await sink.drain()
            if sink.can_write_eof():
                sink.write_eof()

    async def _close(self) -> None:
        self._server.close()
        self.refusing = True
        self._open.set()
        for client, server in list(self._pairs):
            client.transport.abort()
            server.transport.abort()
        if self._tasks:
            await asyncio.wait(self._tasks)
