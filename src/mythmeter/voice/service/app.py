"""The HTTP server: `POST /v1/audio/speech` as OpenAI has it, with consent, mark and measures."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mythmeter.errors import ConsentError, MythmeterError, SpeechError
from mythmeter.media.audio import Samples
from mythmeter.voice.service.line import FullError, Job, Line, Mark
from mythmeter.voice.service.measures import Measures
from mythmeter.voice.service.notice import notice_in
from mythmeter.voice.service.shelf import UnknownVoiceError, VoiceShelf
from mythmeter.voice.service.sound import FORMATS, STREAMED, encoded, pcm, wav_header
from mythmeter.voice.synthesiser import Request as Piece
from mythmeter.voice.synthesiser import Synthesiser

LARGEST_BODY_BYTES = 65536
LONGEST_INPUT = 4096
"""Characters, as OpenAI limits them."""
RETRY_AFTER_S = 5


@dataclass(frozen=True)
class Offer:
    """What a server offers."""

    speaker: Synthesiser
    synthesiser: str
    shelf: VoiceShelf
    mark: Mark
    waiting: int = 16
    """Requests that may wait; one more is answered 429."""
    pause_s: float = 0.25
    seed: int = 1
    notice: bool = False
    """Whether every answer begins with a spoken notice; no request can change it."""


class SpeechBody(BaseModel):
    """The body of a request. `language` and `seed` are ours; the rest is OpenAI's."""

    model_config = ConfigDict(extra="forbid", strict=True)
    input: str = Field(min_length=1, max_length=LONGEST_INPUT)
    voice: str = Field(min_length=1, max_length=256)
    model: str | None = Field(default=None, max_length=256)
    instructions: str | None = Field(default=None, max_length=LONGEST_INPUT)
    response_format: Literal["mp3", "opus", "flac", "wav", "pcm"] = "mp3"
    stream_format: Literal["audio"] | None = None
    speed: float = Field(default=1.0, ge=0.5, le=2.0)
    language: str = Field(default="en", pattern="^[a-zA-Z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    seed: int | None = Field(default=None, ge=0, le=2**32 - 1)


class RefusedError(Exception):
    """A request that gets an answer in OpenAI's form of an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def make_app(offer: Offer) -> FastAPI:
    """Return the application; its speaker's thread lives as long as it."""
    measures = Measures()
    line = Line(offer.speaker, offer.mark, offer.waiting, measures.spoken)
    measures.watch(lambda: len(line))
    splitting = asyncio.Lock()  # one text at a time: a synthesiser's reader is no server

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(line.close)

    app = FastAPI(title="Mythmeter", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.measures = measures

    @app.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> JSONResponse:
        kind = "rate_limit_error" if error.status == 429 else "invalid_request_error"
        headers = {"Retry-After": str(RETRY_AFTER_S)} if error.status == 429 else None
        body = {"message": str(error), "type": kind, "param": None, "code": error.code}
        return JSONResponse({"error": body}, error.status, headers)

    @app.middleware("http")
    async def counted(
        request: Request, answer: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await answer(request)
        measures.answered(request.url.path, response.status_code)
        return response

    @app.post("/v1/audio/speech")
    async def speech(request: Request) -> Response:
        body = await _body(request)
        return await _answer(offer, line, measures, request, body, splitting)

    @app.get("/v1/voices")
    def voices() -> Mapping[str, Any]:
        return {"data": [{"id": name} for name in offer.shelf.names()]}

    @app.get("/v1/models")
    def models() -> Mapping[str, Any]:
        return {"object": "list", "data": [{"id": offer.synthesiser, "object": "model"}]}

    @app.get("/healthz")
    def health() -> Mapping[str, Any]:
        return {"status": "ok", "waiting": len(line)}

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(measures.registry), media_type=CONTENT_TYPE_LATEST)

    return app


async def _body(request: Request) -> SpeechBody:
    """Read and check a body without ever holding more than LARGEST_BODY_BYTES of it."""
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > LARGEST_BODY_BYTES:
            raise RefusedError(413, "too_large", f"The body is over {LARGEST_BODY_BYTES} bytes.")
    try:
        return SpeechBody.model_validate(json.loads(raw))
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "the body"
        status = 413 if fault["type"] == "string_too_long" else 400
        raise RefusedError(status, "invalid_value", f"{where}: {fault['msg']}.") from error
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "invalid_json", f"The body is not JSON: {error}.") from error


async def _answer(
    offer: Offer,
    line: Line,
    measures: Measures,
    request: Request,
    body: SpeechBody,
    splitting: asyncio.Lock,
) -> Response:
    began = time.perf_counter()
    try:
        allowed = offer.shelf.take(body.voice, body.language)
        async with splitting:
            requests = await asyncio.to_thread(_requests, offer, body)
    except UnknownVoiceError as error:
        raise RefusedError(404, "voice_not_found", str(error)) from error
    except ConsentError as error:
        raise RefusedError(403, "consent_required", str(error)) from error
    except SpeechError as error:
        raise RefusedError(400, "cannot_be_spoken", str(error)) from error
    except MythmeterError as error:
        raise RefusedError(500, "voice_unusable", str(error)) from error
    loop = asyncio.get_running_loop()
    arriving: asyncio.Queue[Samples | BaseException | None] = asyncio.Queue()
    job = Job(
        allowed.voice,
        requests,
        offer.pause_s,
        lambda item: _deliver(loop, arriving, item),
    )
    try:
        line.join(job)
    except FullError as error:
        raise RefusedError(
            429, "queue_full", f"{offer.waiting} requests are waiting already. Try again later."
        ) from error
    headers = {
        "X-AI-Generated": "true",
        "X-Consent-Record": allowed.consent.record_id,
        "X-Consent-Kind": allowed.consent.kind,
    }
    units = _units(arriving, job, request)
    try:
        first = await anext(units)
        measures.first_audio(time.perf_counter() - began)
        media_type = FORMATS[body.response_format][0]
        streamed = body.response_format == "pcm" or body.stream_format == "audio"
        if streamed and body.response_format in STREAMED:
            head = wav_header(offer.speaker.rate_hz) if body.response_format == "wav" else b""
            sent = _streamed(head, first, units, measures, began)
            return StreamingResponse(sent, media_type=media_type, headers=headers)
        samples = np.concatenate([first, *[unit async for unit in units]])
    except (StopAsyncIteration, asyncio.CancelledError):
        job.dropped = True
        raise
    except FullError as error:
        raise RefusedError(503, "closing", "The server is closing.") from error
    except MythmeterError as error:
        raise RefusedError(500, "not_spoken", str(error)) from error
    measures.whole(time.perf_counter() - began)
    content = await asyncio.to_thread(encoded, samples, offer.speaker.rate_hz, body.response_format)
    return Response(content, media_type=media_type, headers=headers)


def _requests(offer: Offer, body: SpeechBody) -> list[Piece]:
    """Return what is to be spoken; the notice is first, at its own pace whatever is asked for."""
    seed = offer.seed if body.seed is None else body.seed
    pieces = offer.speaker.split(body.input, body.language)
    notice = offer.speaker.split(notice_in(body.language), body.language) if offer.notice else []
    return [
        *(Piece(text, body.language, seed=offer.seed) for text in notice),
        *(Piece(text, body.language, body.speed, seed) for text in pieces),
    ]


def _deliver(
    loop: asyncio.AbstractEventLoop,
    arriving: "asyncio.Queue[Samples | BaseException | None]",
    item: Samples | BaseException | None,
) -> None:
    """Hand an item from the speaker's thread to the event loop, if that still runs."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(arriving.put_nowait, item)


async def _units(
    arriving: "asyncio.Queue[Samples | BaseException | None]", job: Job, request: Request
) -> AsyncIterator[Samples]:
    """Yield marked units until the end; drop the job when the client has gone."""
    try:
        while True:
            try:
                item = await asyncio.wait_for(arriving.get(), timeout=1.0)
            except TimeoutError:
                if await request.is_disconnected():
                    return
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        job.dropped = True


async def _streamed(
    head: bytes,
    first: Samples,
    units: AsyncIterator[Samples],
    measures: Measures,
    began: float,
) -> AsyncIterator[bytes]:
    yield head + pcm(first)
    async for unit in units:
        yield pcm(unit)
    measures.whole(time.perf_counter() - began)
