"""The speech server on loopback, with a speaker that says numbers."""

import argparse
import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mythmeter.cli import serve as command
from mythmeter.errors import SpeechError
from mythmeter.people.asked import Asked
from mythmeter.people.consent import check
from mythmeter.people.keys import SigningKey
from mythmeter.people.likeness import Likeness, describe, write_likeness
from mythmeter.people.record import Party, Scope, likeness_path, new_record, write_record
from mythmeter.people.signature import signed
from mythmeter.voice.languages import SUPPORTED_LANGUAGES
from mythmeter.voice.service import start
from mythmeter.voice.service.app import LARGEST_BODY_BYTES, Offer, make_app
from mythmeter.voice.service.consents import Consents
from mythmeter.voice.service.load import drive, summary
from mythmeter.voice.service.notice import NOTICES, notice_in
from mythmeter.voice.service.shelf import VoiceShelf
from mythmeter.voice.speech import Sentence, Speech
from mythmeter.voice.synthesiser import Request, Voice, write_voice

RATE_HZ = 24000
PIECE_S = 1.2
"""Two of the speaker's pieces make a unit that is long enough to be marked."""
WORDS = 700


class Counter:
    """Speaks a number as its level: "7. 8." is a stretch at 7/1000, then one at 8/1000.

    Words, which only a notice has here, are a stretch at WORDS/1000.
    """

    rate_hz = RATE_HZ

    def __init__(self, together: int = 1) -> None:
        self.together = together
        self.go_on = threading.Event()
        self.go_on.set()
        self.started = threading.Semaphore(0)
        self.batches: list[int] = []
        self.spoken: list[Request] = []

    def enrol(self, reference: Any, settings: Any) -> Any:
        raise NotImplementedError

    def split(self, text: str, language: str) -> list[str]:
        pieces = [piece.strip() for piece in text.split(".") if piece.strip()]
        if not pieces:
            raise SpeechError("it has no words")
        return pieces

    def takes(self, voice: Voice, requests: Sequence[Request]) -> Iterator[Speech]:
        self.batches.append(len(requests))
        if self.together > 1:
            time.sleep(0.01)  # as long as others need to come and wait
        for request in requests:
            self.started.release()
            assert self.go_on.wait(30)
            number = int(request.text) if request.text.isdigit() else WORDS
            samples = np.full(round(PIECE_S * RATE_HZ), number / 1000, np.float32)
            self.spoken.append(request)
            yield Speech(samples, RATE_HZ, (Sentence(request.text, 0, PIECE_S, ()),))


def numbers_in(content: bytes) -> list[float]:
    """Read back which numbers were said, from PCM: the levels, relative to the first."""
    samples = np.frombuffer(content, "<i2").astype(float)
    changes = np.flatnonzero(np.diff(samples) != 0) + 1
    stretches = np.split(samples, changes)
    levels = [stretch[0] for stretch in stretches if stretch[0] > 0 and len(stretch) > 1000]
    return [level / levels[0] for level in levels]


def said(numbers: Sequence[int]) -> Any:
    return pytest.approx([number / numbers[0] for number in numbers], rel=1e-3)


def enrol(results: Path, person: str, *, over: bool = False, **scope: Any) -> None:
    """Put a voice, its signed record and its receipt where a run would."""
    voice = Voice("counter", {"nothing": np.zeros(1, np.float32)})
    write_voice(results / "voice" / person / "voice.safetensors", voice)
    clip = results / f"{person}.mp4"
    clip.write_bytes(person.encode() * 100)
    now = datetime.now(UTC)
    key = SigningKey(Ed25519PrivateKey.generate())
    likeness = Likeness(np.eye(128)[0], np.eye(256)[0], face_samples=12, voice_samples=8)
    path = results / "people" / f"{person}.json"
    write_likeness(likeness, likeness_path(path))
    record = new_record(
        "consent",
        person,
        {f"{person}.a": clip},
        scope=Scope(**{"face": True, "voice": True, "languages": ("en",), **scope}),
        issued=now - timedelta(days=9),
        expires=now + timedelta(days=-1 if over else 9),
        subject=person,
        controller=Party(person, "mail@example.org"),
        likeness=describe(
            likeness, likeness_path(path), {"dlib_face": "f" * 64, "dvector": "d" * 64}
        ),
    )
    write_record(signed(record, key), path)
    QUESTIONS[person] = Asked(
        record=path,
        sources={f"{person}.a": clip},
        person=person,
        person_kind="person",
        face=True,
        voice=False,
        languages=("en",),
        key=key.id,
    )
    receipt = check(QUESTIONS[person], now - timedelta(days=5))
    (results / "consent").mkdir(exist_ok=True)
    (results / "consent" / f"{person}.json").write_text(json.dumps(receipt))


QUESTIONS: dict[str, Asked] = {}


def shelf_of(results: Path) -> VoiceShelf:
    return VoiceShelf(results, "counter", Consents(results, QUESTIONS))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    enrol(tmp_path, "ada")
    return tmp_path


@contextmanager
def serving(
    results: Path, speaker: Counter, waiting: int = 16, **more: Any
) -> Iterator[httpx.Client]:
    more = {"mark": lambda samples, _: samples, "pause_s": 0.1, **more}
    offer = Offer(speaker, "counter", shelf_of(results), waiting=waiting, **more)
    config = uvicorn.Config(make_app(offer), port=0, log_level="error", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        for _ in range(500):
            if server.started:
                break
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield client
    finally:
        speaker.go_on.set()
        server.should_exit = True
        thread.join(15)
    assert not thread.is_alive()


def ask(**changed: Any) -> dict[str, Any]:
    return {"input": "1. 2.", "voice": "ada", "response_format": "pcm", **changed}


@pytest.mark.parametrize("together", [1, 4])
def test_eight_clients_get_all_their_answers_in_order(results: Path, together: int) -> None:
    speaker = Counter(together)

    def body(client: int, number: int) -> dict[str, Any]:
        first = 300 + client * 20 + number
        return ask(input=f"{first}. {900 - first}. 400")

    # Held back until all clients wait, so that there is something to speak together.
    speaker.go_on.clear()
    threading.Timer(1.5, speaker.go_on.set).start()
    with serving(results, speaker) as client:
        answers, wall_s = asyncio.run(
            drive(str(client.base_url), clients=8, each=20, body=body, timeout_s=60)
        )
        counted = client.get("/metrics").text
    assert len(answers) == 160 and {answer.status for answer in answers} == {200}
    for answer in answers:
        first = 300 + answer.client * 20 + answer.number
        assert numbers_in(answer.content) == said([first, 900 - first, 400])
    assert 'mythmeter_requests_total{path="/v1/audio/speech",status="200"} 160.0' in counted
    assert "mythmeter_waiting_requests 0.0" in counted
    figures = summary(answers, wall_s)
    assert figures["whole_s_p90"] >= figures["whole_s_p50"] > 0
    assert figures["whole_s_p99"] is None  # 160 answers are too few for it
    assert (max(speaker.batches) > 3) == (together > 1)


def test_beyond_the_line_is_429_and_what_was_accepted_is_answered(results: Path) -> None:
    speaker = Counter()
    speaker.go_on.clear()
    with serving(results, speaker, waiting=2) as client:
        statuses: list[int] = []

        def post(number: int) -> None:
            answer = client.post("/v1/audio/speech", json=ask(input=f"{number}. {number}."))
            statuses.append(answer.status_code)

        threads = [threading.Thread(target=post, args=(n,)) for n in (1, 2, 3)]
        threads[0].start()
        assert speaker.started.acquire(timeout=10)
        for thread in threads[1:]:
            thread.start()
        for _ in range(500):
            if client.get("/healthz").json()["waiting"] == 2:
                break
            time.sleep(0.01)
        refused = client.post("/v1/audio/speech", json=ask())
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) > 0
        assert refused.json()["error"]["code"] == "queue_full"
        speaker.go_on.set()
        for thread in threads:
            thread.join(20)
        assert statuses == [200, 200, 200]


def test_the_first_unit_comes_before_the_last_is_spoken(results: Path) -> None:
    heard = threading.Event()

    class Waiting(Counter):
        def takes(self, voice: Voice, requests: Sequence[Request]) -> Iterator[Speech]:
            for index, speech in enumerate(super().takes(voice, requests)):
                assert index < 30 or heard.wait(20), "nothing was heard while half was spoken"
                yield speech

    numbers = range(300, 360)
    text = ". ".join(map(str, numbers))
    with serving(results, Waiting()) as client:
        body = ask(input=text, response_format="wav", stream_format="audio")
        with client.stream("POST", "/v1/audio/speech", json=body) as answer:
            pieces = answer.iter_bytes()
            content = next(pieces)
            heard.set()
            assert content[:4] == b"RIFF" and answer.headers["content-type"] == "audio/wav"
            assert answer.headers["X-AI-Generated"] == "true"
            assert answer.headers["X-Consent-Record"].startswith("urn:uuid:")
            content += b"".join(pieces)
    assert numbers_in(content[44:]) == said(numbers)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_notice_is_spoken_first_and_once_and_is_marked(results: Path, streamed: bool) -> None:
    marked: list[Any] = []

    def mark(samples: Any, rate_hz: int) -> Any:
        marked.append(samples)
        return samples

    numbers = range(300, 320)
    more = {"stream_format": "audio"} if streamed else {}
    speaker = Counter()
    with serving(results, speaker, notice=True, mark=mark) as client:
        body = ask(input=". ".join(map(str, numbers)), response_format="wav", speed=2.0, **more)
        for _ in range(2):
            answer = client.post("/v1/audio/speech", json=body)
            content = answer.content[answer.content.index(b"data") + 8 :]
            assert numbers_in(content) == said([WORDS, *numbers])
        assert sum(map(len, marked)) == len(content)  # 2 answers of 2 bytes a sample
        assert client.post("/v1/audio/speech", json=ask(notice=False)).status_code == 400
    first, second = speaker.spoken[:2]
    assert first.text == NOTICES["en"].rstrip(".") and (first.speed, second.speed) == (1.0, 2.0)


def test_without_being_asked_to_a_server_says_the_text_only(results: Path) -> None:
    speaker = Counter()
    with serving(results, speaker) as client:
        assert client.post("/v1/audio/speech", json=ask()).status_code == 200
    assert [request.text for request in speaker.spoken] == ["1", "2"]


def test_a_notice_is_in_the_language_of_the_text_and_none_is_refused_with_one_message(
    results: Path,
) -> None:
    enrol(results, "zamenhof", languages=("en", "de", "eo"))
    speaker = Counter()
    with serving(results, speaker, notice=True) as client:
        answer = client.post("/v1/audio/speech", json=ask(voice="zamenhof", language="eo"))
        assert not speaker.spoken
        german = client.post("/v1/audio/speech", json=ask(voice="zamenhof", language="de-AT"))
    assert german.status_code == 200
    assert speaker.spoken[0].text == NOTICES["de"].rstrip(".")
    error = answer.json()["error"]
    assert answer.status_code == 400 and error["code"] == "cannot_be_spoken"
    assert "'eo' has no spoken notice" in error["message"] and "de, en" in error["message"]


def test_every_language_that_is_spoken_has_a_notice() -> None:
    spoken = {code for codes in SUPPORTED_LANGUAGES.values() for code in codes}
    assert len({notice_in(code) for code in spoken}) == len({c.partition("-")[0] for c in spoken})
    assert notice_in("EN-gb") == NOTICES["en"]


def test_the_command_asks_for_a_notice_by_a_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(start, "serve", lambda files, **more: asked.append(more["notice"]))
    for flags in ([], ["--notice"]):
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        command.run(parser.parse_args(flags))
    assert asked == [False, True]


@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "opus"])
def test_formats_hold_the_whole_speech(results: Path, name: str) -> None:
    with serving(results, Counter()) as client:
        answer = client.post("/v1/audio/speech", json=ask(response_format=name))
    samples, rate_hz = soundfile.read(io.BytesIO(answer.content))
    assert rate_hz == RATE_HZ
    assert len(samples) / rate_hz == pytest.approx(2 * PIECE_S + 0.1, abs=0.1)


def test_a_short_answer_is_padded_so_that_it_can_carry_the_mark(results: Path) -> None:
    with serving(results, Counter()) as client:
        answer = client.post("/v1/audio/speech", json=ask(input="5"))
    assert len(answer.content) / 2 / RATE_HZ >= 2.0


@pytest.mark.parametrize(
    "name",
    ["../ada", "..%2fada", "/etc/passwd", "ada/../ada", "ada\x00", "bob", "Ada", "a" * 200, "."],
)
def test_names_that_are_no_voice_are_not_found(results: Path, name: str) -> None:
    with serving(results, Counter()) as client:
        answer = client.post("/v1/audio/speech", json=ask(voice=name))
    assert answer.status_code == 404
    assert "Voices: ada" in answer.json()["error"]["message"]


def test_a_path_trick_does_not_reach_a_voice_outside(results: Path) -> None:
    enrol(results / "other", "eve")
    with serving(results, Counter()) as client:
        answer = client.post("/v1/audio/speech", json=ask(voice="../other/voice/eve"))
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{not json", 400, "invalid_json"),
        (b"\xff\xfe", 400, "invalid_json"),
        (b"[" * 30000, 400, "invalid_json"),
        (b"[]", 400, "invalid_value"),
        (json.dumps(ask(input="")).encode(), 400, "invalid_value"),
        (json.dumps(ask(input="...")).encode(), 400, "cannot_be_spoken"),
        (json.dumps(ask(speed=9)).encode(), 400, "invalid_value"),
        (json.dumps(ask(response_format="exe")).encode(), 400, "invalid_value"),
        (json.dumps(ask(consent="granted")).encode(), 400, "invalid_value"),
        (json.dumps(ask(input="1. " * 2000)).encode(), 413, "invalid_value"),
        (b" " * (LARGEST_BODY_BYTES + 1), 413, "too_large"),
    ],
)
def test_bad_bodies_are_refused_with_one_message(
    results: Path, body: bytes, status: int, code: str
) -> None:
    with serving(results, Counter()) as client:
        answer = client.post("/v1/audio/speech", content=body)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code


def test_nobody_is_spoken_for_without_consent_that_holds(results: Path) -> None:
    enrol(results, "bob")
    (results / "consent" / "bob.json").unlink()
    enrol(results, "old", over=True)
    enrol(results, "mute", voice=False)
    with serving(results, Counter()) as client:
        for name, reason in (
            ("bob", "no consent receipt"),
            ("old", "expired"),
            ("mute", "does not cover the voice"),
        ):
            answer = client.post("/v1/audio/speech", json=ask(voice=name))
            assert answer.status_code == 403
            assert reason in answer.json()["error"]["message"]
        answer = client.post("/v1/audio/speech", json=ask(language="fr"))
        assert answer.status_code == 403 and "'fr'" in answer.json()["error"]["message"]
        assert client.get("/v1/voices").json() == {
            "data": [{"id": "ada"}, {"id": "mute"}, {"id": "old"}]
        }


def test_a_speaker_that_fails_answers_and_goes_on(results: Path) -> None:
    class Failing(Counter):
        def takes(self, voice: Voice, requests: Sequence[Request]) -> Iterator[Speech]:
            if requests[0].text == "13":
                raise SpeechError("thirteen cannot be said")
            return super().takes(voice, requests)

    with serving(results, Failing()) as client:
        answer = client.post("/v1/audio/speech", json=ask(input="13"))
        assert answer.status_code == 500 and "thirteen" in answer.json()["error"]["message"]
        assert client.post("/v1/audio/speech", json=ask()).status_code == 200


KILLED = """
import sys, threading
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
import uvicorn
import test_service
from test_service import Counter, enrol, shelf_of
from mythmeter.voice.service.app import Offer, make_app
speaker = Counter()
speaker.go_on.clear()
results = Path(sys.argv[3])
enrol(results, "ada")
offer = Offer(speaker, "counter", shelf_of(results), lambda s, _: s)
threading.Thread(target=lambda: (speaker.started.acquire(), print("speaking", flush=True))).start()
server = uvicorn.Server(uvicorn.Config(make_app(offer), port=0, log_level="error"))
async def started(sockets=None):
    await original()
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
original, server.startup = server.startup, started
server.run()
"""


def test_killed_in_the_middle_it_leaves_no_half_file(results: Path, repository: Path) -> None:
    before = sorted(results.rglob("*"))
    folders = [str(Path(__file__).parent), str(repository / "tests")]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, *folders, str(results)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=results,
    )
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        url = f"http://127.0.0.1:{port}/v1/audio/speech"
        failed: list[Exception] = []

        def post() -> None:
            try:
                httpx.post(url, json=ask(), timeout=30)
            except httpx.HTTPError as error:
                failed.append(error)

        thread = threading.Thread(target=post)
        thread.start()
        assert process.stdout.readline() == "speaking\n"
        os.kill(process.pid, signal.SIGKILL)
        thread.join(10)
    finally:
        process.kill()
        process.wait(10)
    assert failed and sorted(results.rglob("*")) == before
