"""A finished render of a made-up scene, signed with a test certificate."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest
from scene import Scene, make_crops, make_scene, make_speech, tone

from mythmeter.provenance import checks
from mythmeter.provenance.keys import ensure_test_signer
from mythmeter.provenance.mark import Made, Marked, mark_render
from mythmeter.provenance.verify import Verdict, verify_file, verify_render
from mythmeter.render.assemble import assemble
from mythmeter.render.composite import Encoding, composite
from mythmeter.render.label import LabelStyle
from mythmeter.render.timeline import plan_render
from mythmeter.usage.record import UsageRecord

STYLE = LabelStyle()
CATALOGUE = Path(__file__).parents[3] / "config" / "models.yaml"


@dataclass(frozen=True)
class Signed:
    """A scene rendered as far as the unsigned file, and a certificate."""

    scene: Scene
    assembled: Path
    signing: Path
    decoder: Path

    def verify(self, path: Path, signing: Path | None = None, **options: object) -> Verdict:
        """Check a file with the real network."""
        return verify_file(path, signing or self.signing, decoder=self.decoder, **options)

    def publish(self, marked: Marked, folder: Path, signing: Path | None = None) -> Path:
        """Run verify_render into a folder; return the receipt."""
        final = Marked(folder / "demo.mp4", folder / "demo.vtt", folder / "demo.jpg")
        receipt = folder / "demo.receipt.json"
        verify_render(
            marked,
            final,
            receipt,
            decoder=self.decoder,
            signing=signing or self.signing,
            record=UsageRecord("verify_render", {}),
        )
        return receipt

    def mark(self, folder: Path, now: datetime | None = None, label: LabelStyle = STYLE) -> Marked:
        """Sign into a folder."""
        out = Marked(folder / "signed.mp4", folder / "signed.vtt", folder / "signed.jpg")
        scene = self.scene
        made = Made(
            *(scene.clip, [scene.clip], [scene.speech], scene.speech, scene.words, scene.gate),
            clips=[{"id": "walk", "role": "footage", "licence": "CC BY 4.0", "source": "GRID"}],
        )
        mark_render(
            self.assembled,
            made,
            out,
            render="demo",
            label=label,
            backends=["facemesh", "closed_form", "kokoro", "rewrite"],
            catalogue=CATALOGUE,
            signing=self.signing,
            record=UsageRecord("mark_render", {}),
            now=now,
        )
        return out


def make_assembled(  # type: ignore[no-untyped-def]
    folder: Path, networks: tuple[Path, Path], samples=None, style: LabelStyle = STYLE
) -> tuple[Scene, Path]:
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
    # Nothing is pasted: a patch of one colour would fill a third of so small a picture.
    crops, table = make_crops(scene, 1, absent=frozenset(range(12)))
    composite(
        consent=scene.receipt,
        clip=scene.clip,
        faces=scene.faces,
        masks=scene.masks,
        timeline=scene.timeline,
        crops=crops,
        crop_table=table,
        out=folder / "chunk.mp4",
        chunk=1,
        render="demo",
        label=style,
        networks=networks,
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


def networks_of(models: Callable[[str], Path]) -> tuple[Path, Path]:
    return models("rivagan_encoder"), models("rivagan_decoder")


@pytest.fixture(scope="session")
def assemble_scene(models) -> Callable[..., tuple[Scene, Path]]:
    """The function that renders a scene up to the unsigned file."""
    return partial(make_assembled, networks=networks_of(models))


@pytest.fixture(scope="session")
def signed(tmp_path_factory: pytest.TempPathFactory, models) -> Signed:
    folder = tmp_path_factory.mktemp("render")
    ensure_test_signer(folder / "signing")
    made = make_assembled(folder, networks_of(models))
    return Signed(*made, folder / "signing", models("rivagan_decoder"))


@pytest.fixture
def watermark_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the watermark's detector, whose network takes seconds to load."""
    monkeypatch.setattr(checks, "mark_strength", lambda samples, rate_hz: 0.97)
