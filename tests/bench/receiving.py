"""Messages a second over twenty connections, on this machine alone: how long senders wait, and what is stored then."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from tests.monitoring.mllp_fixture import END, START, oru, receiving, started, until

CONNECTIONS, RATE, SECONDS = 20, 200, 15
PATIENCE = 120.0
RESULTS_EACH = 3


@dataclass(frozen=True)
class Held:
    """`waits`: seconds from the last byte sent to the acknowledgement. `read_after`: seconds until all was read."""

    waits: list[float]
    seconds: float
    refused: int
    stored: int
    read_after: float

    def percentile(self, share: int) -> float:
        return quantiles(self.waits, n=100)[share - 1] * 1000


def report() -> None:
    held = measured(rate=RATE, seconds=SECONDS, connections=CONNECTIONS)
    sent = len(held.waits)
    print(f"HL7 v2 over MLLP: {RATE} messages a second offered over {CONNECTIONS} connections for {SECONDS} s")
    print(f"  acknowledged after commit      {sent / held.seconds:>12,.0f} messages/s, {held.refused} refused")
    print(f"  median wait                    {held.percentile(50):>12.1f} ms")
    print(f"  95 of 100 wait no longer than  {held.percentile(95):>12.1f} ms")
    print(f"  99 of 100                      {held.percentile(99):>12.1f} ms")
    print(f"  results stored                 {held.stored:>12,} of {sent * RESULTS_EACH:,}")
    print(f"  all read after the last        {held.read_after:>12.1f} s")


def measured(*, rate: int, seconds: float, connections: int) -> Held:
    with tempfile.TemporaryDirectory() as folder, started(receiving(Path(folder)), Path(folder)) as listening:
        began = time.perf_counter()
        told = asyncio.run(_sent(listening.port, rate, seconds, connections))
        spent = time.perf_counter() - began
        wanted = len(told) * RESULTS_EACH
        file = Path(folder) / "maswatch.db"
        until(lambda: _stored(file) >= wanted, seconds=PATIENCE)
        return Held(
            [wait for wait, _ in told], spent, sum(not good for _, good in told), _stored(file),
            time.perf_counter() - began - spent,
        )  # fmt: skip


async def _sent(port: int, rate: int, seconds: float, connections: int) -> list[tuple[float, bool]]:
    each = int(rate * seconds / connections)
    pace = connections / rate
    told = await asyncio.gather(*(_one(port, place, each, pace, connections) for place in range(connections)))
    return [one for some in told for one in some]


async def _one(port: int, place: int, count: int, pace: float, connections: int) -> list[tuple[float, bool]]:
    """Sends its messages evenly in time, each once the one before was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    clock = asyncio.get_running_loop().time
    begins = clock() + place * pace / connections
    told = []
    for turn in range(count):
        await asyncio.sleep(begins + turn * pace - clock())
        number = turn * connections + place
        writer.write(START + oru(number, patients=200) + END)
        sent_at = clock()
        answer = await reader.readuntil(END)
        told.append((clock() - sent_at, f"MSA|AA|C{number}\r".encode() in answer))
    writer.close()
    return told


def _stored(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM observation").fetchone()[0])


if __name__ == "__main__":
    report()
