"""A finished render of a made-up scene, signed with a test certificate."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import pytest
from scene import LABEL, Scene, make_crops, make_scene, make_speech, tone

from mythmeter.provenance import checks
from mythmeter.provenance.keys import ensure_test_signer
from mythmeter.provenance.mark import Made, Marked, mark_render
from mythmeter.render.assemble import assemble
from mythmeter.render.composite import Encoding, composite
from mythmeter.render.timeline import plan_render
from mythmeter.usage.record import UsageRecord

CATALOGUE = Path(__file__).parents[3] / "config" / "models.yaml"


@dataclass(frozen=True)
class Signed:
    """A scene rendered as far as the unsigned file, and a certificate."""

    scene: Scene
    assembled: Path
    signing: Path

    def mark(self, folder: Path, now: datetime | None = None, label: str = LABEL) -> Marked:
        """Sign into a folder."""
        out = Marked(folder / "demo.mp4", folder / "demo.vtt", folder / "demo.jpg")
        scene = self.scene
        made = Made(scene.clip, [scene.clip], [scene.speech], scene.speech, scene.words, scene.gate)
        mark_render(
            self.assembled,
            made,
            out,
            label=label,
            backends=["facemesh", "closed_form", "kokoro", "rewrite"],
            catalogue=CATALOGUE,
            signing=self.signing,
            record=UsageRecord("mark_render", {}),
            now=now,
        )
        return out


def make_assembled(folder: Path, samples=None) -> tuple[Scene, Path]:  # type: ignore[no-untyped-def]
    """Render a scene up to the unsigned file."""
    record = UsageRecord("test", {})
    scene = make_scene(folder, Fraction(24000, 1001), frames=12)
    make_speech(scene, tone(0.5) if samples is None else samples)
    plan_render(
        scene.speech,
        scene.faces,
        scene.timeline,
        start_s=0,
        end_s=None,
        fit="ping-pong",
        chunks=1,
        record=record,
    )
    crops, table = make_crops(scene, 1)
    composite(
        consent=scene.receipt,
        clip=scene.clip,
        faces=scene.faces,
        timeline=scene.timeline,
        crops=crops,
        crop_table=table,
        out=folder / "chunk.mp4",
        chunk=1,
        label=LABEL,
        encoding=Encoding(crf=23, preset="veryfast"),
        record=record,
    )
    assemble(
        chunks=[folder / "chunk.mp4"],
        speech=scene.speech,
        words=scene.words,
        timeline=scene.timeline,
        out=folder / "assembled.mp4",
        audio_kbps=128,
        record=record,
    )
    return scene, folder / "assembled.mp4"


@pytest.fixture(scope="session")
def assemble_scene() -> Callable[..., tuple[Scene, Path]]:
    """The function that renders a scene up to the unsigned file."""
    return make_assembled


@pytest.fixture(scope="session")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Signed:
    folder = tmp_path_factory.mktemp("render")
    ensure_test_signer(folder / "signing")
    return Signed(*make_assembled(folder), folder / "signing")


@pytest.fixture
def watermark_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the watermark's detector, whose network takes seconds to load."""
    monkeypatch.setattr(checks, "mark_strength", lambda samples, rate_hz: 0.97)
