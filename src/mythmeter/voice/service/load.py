"""Clients that ask a speech server again and again: latency and throughput against concurrency."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

RATE_HZ = 24000
LEAST_FOR: Mapping[int, int] = {50: 1, 90: 64, 99: 662}
"""Percentile -> answers below which it is not stated (MLPerf Inference's rule, one stream)."""


@dataclass(frozen=True)
class Answer:
    """One answer as a client saw it."""

    client: int
    number: int
    status: int
    first_byte_s: float
    whole_s: float
    content: bytes


async def drive(
    url: str,
    *,
    clients: int,
    each: int,
    body: Callable[[int, int], Mapping[str, Any]],
    timeout_s: float = 300.0,
) -> tuple[list[Answer], float]:
    """Let clients send `each` requests one after another; return answers and wall seconds.

    Args:
        url: of the server, without path.
        clients: how many at once.
        each: requests of each.
        body: from (client, number) to what is asked.
        timeout_s: how long one answer may take.
    """
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=url, timeout=timeout_s, limits=limits) as http:
        began = time.perf_counter()
        per_client = await asyncio.gather(
            *(_client(http, client, each, body) for client in range(clients))
        )
        wall_s = time.perf_counter() - began
    return [answer for answers in per_client for answer in answers], wall_s


async def _client(
    http: httpx.AsyncClient,
    client: int,
    each: int,
    body: Callable[[int, int], Mapping[str, Any]],
) -> list[Answer]:
    answers = []
    for number in range(each):
        began = time.perf_counter()
        first_s = 0.0
        content = bytearray()
        asked = body(client, number)
        async with http.stream("POST", "/v1/audio/speech", json=asked) as response:
            async for piece in response.aiter_bytes():
                first_s = first_s or time.perf_counter() - began
                content += piece
        whole_s = time.perf_counter() - began
        answers.append(
            Answer(client, number, response.status_code, first_s, whole_s, bytes(content))
        )
    return answers


def summary(answers: Sequence[Answer], wall_s: float) -> dict[str, Any]:
    """Return latency percentiles and throughput of PCM answers; null where there are too few."""
    spoken = [answer for answer in answers if answer.status == 200]
    audio_s = sum(len(answer.content) / 2 / RATE_HZ for answer in spoken)
    table: dict[str, Any] = {
        "answers": len(answers),
        "refused": sum(answer.status == 429 for answer in answers),
        "failed": sum(answer.status not in (200, 429) for answer in answers),
        "requests_per_s": round(len(spoken) / wall_s, 3),
        "audio_s_per_s": round(audio_s / wall_s, 3),
    }
    for name in ("first_byte_s", "whole_s"):
        values = [getattr(answer, name) for answer in spoken]
        for percentile, least in LEAST_FOR.items():
            enough = len(values) >= least
            value = round(float(np.percentile(values, percentile)), 3) if enough else None
            table[f"{name}_p{percentile}"] = value
    return table
