"""A worker that is killed between a model's response and the tool that the model wished for."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from llm.killed import QUICK, engine_of, settling
from llm.speaking import Say, answer, speaking
from support.waiting import output, submit

TESTS = Path(__file__).parents[1]


async def test_a_response_outlives_the_worker_that_got_it(conninfo: str, tmp_path: Path) -> None:
    wish = Say(calls=(("pay", {"folder": str(tmp_path), "cents": 500}),))
    async with speaking([wish, answer(value=500)]) as one:
        engine, desk = engine_of(conninfo, one.url, tmp_path)
        await engine.open()
        try:
            run_id = await submit(engine, settling, {"folder": str(tmp_path)})
            arguments = ("-m", "llm.killed", conninfo, one.url, str(tmp_path))
            victim = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=TESTS)
            assert await victim.wait() == -signal.SIGKILL
            assert (len(one.asked), (tmp_path / "paid").exists()) == (1, False)
            worker = engine.worker(QUICK)
            working = asyncio.create_task(worker.run())
            assert await output(engine, run_id) == [500, "model:one:m"]
            await worker.stop()
            await working
        finally:
            await desk.providers.close()
            await engine.close()
    assert len(one.asked) == 2
    assert (tmp_path / "paid").read_text() == "500\n"
