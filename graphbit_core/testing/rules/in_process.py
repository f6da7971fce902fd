"""Rules for components that do their work in this process."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from graphbit_core.testing.rules.component import ComponentConformance
from graphbit_core.testing.rules.switching import frequent_switches

_AT_ONCE = 16


class InProcessConformance(ComponentConformance):
    """Base of the classes for kinds that work in this process, not behind HTTP.

    A subclass gives ``use``. The rules prove that one instance serves threads and tasks at once.
    """

    def test_many_threads_at_once_get_the_same(self, tmp_path: Path) -> None:
        with self.made() as instance, ThreadPoolExecutor(8) as pool:
            expected = self.use(instance, tmp_path)
            with frequent_switches():
                runs = [pool.submit(self.use, instance, tmp_path) for _ in range(_AT_ONCE)]
                for run in runs:
                    assert run.result(60) == expected, "a thread gets another result than one call alone"

    def test_works_inside_a_running_event_loop_and_for_many_tasks_at_once(self, tmp_path: Path) -> None:
        async def at_once(instance: Any) -> list[Any]:
            here = self.use(instance, tmp_path)
            others = (asyncio.to_thread(self.use, instance, tmp_path) for _ in range(_AT_ONCE))
            return [here, *await asyncio.gather(*others)]

        with self.made() as instance:
            expected = self.use(instance, tmp_path)
            for given in asyncio.run(at_once(instance)):
                assert given == expected, "a task gets another result than one call alone"
