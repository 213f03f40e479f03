"""How a speech server bears more users: `make load`.

Starts `mythmeter serve`'s server with Kokoro and the voice of somebody who does not exist (unless
`--url` names a running one), and lets 1, 2, 4 … clients ask at once. Prints latency and throughput
against concurrency; the last line is one JSON object. Percentiles of too few answers are null.
"""

import argparse
import asyncio
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mythmeter.voice.service.consents import Consents, Granted
from mythmeter.voice.service.load import drive, summary

REPOSITORY = Path(__file__).parents[1]
TEXT = "The ferry leaves at nine. Bring a coat, because the wind is cold."


def main() -> None:
    """Print a row for each number of clients."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a running server, for example http://127.0.0.1:8321")
    parser.add_argument("--voice", default="nobody")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--each", type=int, default=4, help="requests of each client")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if options.url:
        rows = [ask(options.url, options, clients) for clients in options.clients]
    else:
        with tempfile.TemporaryDirectory() as folder, own_server(Path(folder), options) as url:
            rows = [ask(url, options, clients) for clients in options.clients]
    best = max(rows, key=lambda row: row["audio_s_per_s"])
    print(
        json.dumps(
            {
                "name": "load",
                "ours": best["audio_s_per_s"],
                "theirs": 1.0,
                "ratio": best["audio_s_per_s"],
                "unit": "seconds of speech a second; theirs: one listener in real time",
                "n": best["answers"],
                "scope": f"best at {best['clients']} clients, {options.threads} threads, loopback",
                "rows": rows,
            }
        )
    )


def ask(url: str, options: argparse.Namespace, clients: int) -> dict[str, Any]:
    """Drive the server with some clients and print what they saw."""

    def body(client: int, number: int) -> dict[str, Any]:
        return {"input": TEXT, "voice": options.voice, "response_format": "pcm"}

    answers, wall_s = asyncio.run(drive(url, clients=clients, each=options.each, body=body))
    row = {"clients": clients, **summary(answers, wall_s)}
    print(json.dumps(row), flush=True)
    return row


class Nobody(Consents):
    """A blend of stock voices is nobody's: nobody is there to agree."""

    def has_receipt(self, person: str) -> bool:
        return True

    def require(self, person: str, language: str) -> Granted:
        return Granted("none: a blend of stock voices", "synthetic")


@contextmanager
def own_server(folder: Path, options: argparse.Namespace) -> Iterator[str]:
    """Serve a blend of stock voices, which imitates nobody."""
    import uvicorn

    from mythmeter.models.catalogue import load_catalogue
    from mythmeter.models.fetch import fetch
    from mythmeter.voice.equaliser import BINS
    from mythmeter.voice.service.app import Offer, make_app
    from mythmeter.voice.service.shelf import VoiceShelf
    from mythmeter.voice.synthesiser import write_voice
    from mythmeter.voice.voices.kokoro_voice import KokoroSynthesiser, kokoro_voice
    from mythmeter.voice.watermark import mark

    catalogue = load_catalogue(REPOSITORY / "config" / "models.yaml")
    assets = {}
    for name in ("kokoro", "kokoro_voices"):
        assets[name] = REPOSITORY / "resources" / "models" / catalogue[name].file
        if not assets[name].is_file():
            fetch(catalogue[name], assets[name])
    import numpy as np

    speaker = KokoroSynthesiser(assets, options.threads, "cpu")
    style = speaker.kokoro.blend({"af_heart": 1.0, "bf_emma": 1.0})[63]
    voice = kokoro_voice(style, 1.0, np.zeros(BINS, dtype=np.float32))
    write_voice(folder / "voice" / options.voice / "voice.safetensors", voice)
    offer = Offer(speaker, "kokoro", VoiceShelf(folder, "kokoro", Nobody(folder, {})), mark, 64)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(make_app(offer), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            sys.exit("The server did not start.")
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


if __name__ == "__main__":
    main()
