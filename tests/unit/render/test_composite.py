"""A face back in its picture, in chunks."""

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from scene import (
    CROP_COLOUR,
    CROP_PX,
    HEIGHT,
    LABEL,
    WIDTH,
    Scene,
    face_points,
    footage_picture,
    make_crops,
    make_scene,
    make_speech,
    receipt_content,
    record_id_of,
    tone,
)

from mythmeter.errors import MediaError, ModelError
from mythmeter.faces.align import crop_matrix, transform
from mythmeter.media.decode import count_frames, read_frames
from mythmeter.media.encode import VideoWriter
from mythmeter.media.probe import Colour, probe
from mythmeter.render.composite import Encoding, chunk_number, composed, composite
from mythmeter.render.label import LabelStyle, draw_label
from mythmeter.render.placing import blend_mask
from mythmeter.render.timeline import plan_render, read_timeline
from mythmeter.render.watermark import VideoMarkReader, agreement, mark_id, vote
from mythmeter.usage.record import UsageRecord

RATE = Fraction(24000, 1001)
LOSSLESS = Encoding(crf=0, preset="ultrafast")
LOSSY = Encoding(crf=18, preset="veryfast")
MODELS = Path(__file__).parents[3] / "resources" / "models"
NETWORKS = MODELS / "rivagan_encoder.onnx", MODELS / "rivagan_decoder.onnx"


@pytest.fixture(autouse=True, scope="module")
def _networks(models) -> None:  # type: ignore[no-untyped-def]
    """Fetch the watermark's networks where they are not yet."""
    assert (models("rivagan_encoder"), models("rivagan_decoder")) == NETWORKS


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    scene = make_scene(tmp_path_factory.mktemp("scene"), RATE)
    make_speech(scene, tone(0.6))
    return scene


def planned(scene: Scene, chunks: int) -> None:
    plan_render(
        scene.speech,
        scene.faces,
        scene.timeline,
        start_s=0,
        end_s=0.5,
        fit="ping-pong",
        chunks=chunks,
        record=UsageRecord("plan_render", {}),
    )


def rendered(
    scene: Scene,
    chunk: int,
    encoding: Encoding = LOSSLESS,
    verdict: Path | None = None,
    name: str = "chunk",
) -> Path:
    crops, table = make_crops(scene, chunk)
    out = scene.folder / f"{name}-{chunk}.mp4"
    composite(
        consent=scene.receipt,
        clip=scene.clip,
        faces=scene.faces,
        masks=scene.masks,
        timeline=scene.timeline,
        crops=crops,
        crop_table=table,
        out=out,
        chunk=chunk,
        render="demo",
        label=LabelStyle(),
        networks=NETWORKS,
        encoding=encoding,
        record=UsageRecord("composite", {}),
        verdict=verdict,
    )
    return out


def packets_of(path: Path) -> list[bytes]:
    """The encoded pictures of a file, in decoding order."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def pictures_of(scene: Scene, absent: frozenset[int] = frozenset()) -> list[NDArray[np.uint8]]:
    """Finished pictures of a render of one chunk, before they are encoded."""
    planned(scene, 1)
    crops, table = make_crops(scene, 1, absent=absent)
    plan = read_timeline(scene.timeline)
    numbers = plan.of_chunk(1)
    return list(composed(scene.clip, scene.faces, scene.masks, plan, crops, table, numbers))


def test_pixels_outside_the_mask_are_those_of_the_footage(scene: Scene) -> None:
    pictures = pictures_of(scene)
    plan = read_timeline(scene.timeline)
    footage = list(read_frames(scene.clip))
    for number in (0, 5, 13):
        target = int(plan.target_frame[number])
        points = face_points(target)
        low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
        reach = 0.18 * (high - low)
        (left, top), (right, bottom) = (low - reach).astype(int), (high + reach).astype(int)
        outside = np.ones((HEIGHT, WIDTH), bool)
        outside[max(0, top) : bottom, left:right] = False
        assert np.array_equal(pictures[number][outside], footage[target][outside])
        centre = points[4, :2].round().astype(int)
        assert np.abs(pictures[number][centre[1], centre[0]].astype(int) - CROP_COLOUR).max() <= 2


def test_a_frame_without_a_face_shows_the_footage(scene: Scene) -> None:
    pictures = pictures_of(scene, absent=frozenset({3}))
    footage = list(read_frames(scene.clip, 0, 4))
    assert np.array_equal(pictures[3], footage[3])


def test_the_finished_file_carries_label_and_watermark_and_little_else_changed(
    scene: Scene, models
) -> None:
    planned(scene, 1)
    found = list(read_frames(rendered(scene, 1)))
    mark = vote([VideoMarkReader(models("rivagan_decoder")).read(found[n]) for n in (3, 12)])
    record_id = record_id_of(scene)
    assert mark.present and agreement(mark.logits, mark_id(record_id, "demo")) > 0.7
    clean = pictures_of(scene)[3].astype(int)
    box = draw_label(f"{LABEL} (synthetic person)", WIDTH, HEIGHT).box
    changed = np.abs(found[3] - clean)
    assert changed[box].mean() > 20
    changed[box] = 0
    assert 0 < changed.mean() < 3


def test_without_its_network_no_picture_is_written(scene: Scene, tmp_path: Path) -> None:
    planned(scene, 1)
    crops, table = make_crops(scene, 1)
    with pytest.raises(ModelError, match="Unmarked video is never written"):
        composite(
            consent=scene.receipt,
            clip=scene.clip,
            faces=scene.faces,
            masks=scene.masks,
            timeline=scene.timeline,
            crops=crops,
            crop_table=table,
            out=tmp_path / "chunk.mp4",
            chunk=1,
            render="demo",
            label=LabelStyle(),
            networks=(tmp_path / "none.onnx", tmp_path / "none.onnx"),
            encoding=LOSSLESS,
            record=UsageRecord("composite", {}),
        )
    assert not list(tmp_path.iterdir())


def test_the_mask_covers_both_faces_and_ends_before_the_crop_does() -> None:
    matrix = crop_matrix(face_points(0), CROP_PX)
    performer = transform(face_points(0), matrix).astype(np.float32)
    open_jaw = performer.copy()
    open_jaw[152, 1] += 1.5
    mask = blend_mask(open_jaw, performer, CROP_PX)
    for points in (performer, open_jaw):
        for landmark in (1, 33, 263, 61, 291, 152):
            column, row = np.round(points[landmark]).astype(int)
            assert mask[row, column] > 0.9
    assert mask.max() <= 1 and mask.min() == 0
    assert max(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()) == 0, (
        "the seam of the crop must not show"
    )


def test_one_chunk_and_three_give_the_same_pictures(tmp_path: Path) -> None:
    scene = make_scene(tmp_path, RATE)
    make_speech(scene, tone(1.28))
    found = []
    for chunks in (1, 3):
        planned(scene, chunks)
        paths = [rendered(scene, chunk, LOSSY) for chunk in range(1, chunks + 1)]
        assert [count_frames(path) for path in paths] == [
            len(read_timeline(scene.timeline).of_chunk(chunk)) for chunk in range(1, chunks + 1)
        ]
        found.append([packet for path in paths for packet in packets_of(path)])
    assert len(found[0]) == 31
    assert found[0] == found[1], "not a bit of the encoded pictures may differ"


def test_a_render_keeps_the_colour_space_of_the_original(scene: Scene, tmp_path: Path) -> None:
    planned(scene, 7)
    colour = {"primaries": "smpte170m", "transfer": "bt709", "matrix": "smpte170m", "range": "full"}
    verdict = tmp_path / "verdict.json"
    verdict.write_text(json.dumps({"found": {"colour_assumed": colour}}))
    ours = rendered(scene, 1)
    kept = rendered(scene, 1, verdict=verdict, name="kept")
    assert probe(ours).colour == Colour("bt709", "bt709", "bt709", "limited")
    assert probe(kept).colour == Colour(**colour)
    for one, other in zip(read_frames(ours), read_frames(kept), strict=True):
        assert np.abs(one.astype(int) - other).mean() < 1.5


def test_an_encoder_that_this_machine_has_not_is_one_error_and_no_file(scene: Scene) -> None:
    planned(scene, 1)
    missing = Encoding(crf=18, preset="veryfast", encoder="no_such_encoder")
    with pytest.raises(MediaError, match="no_such_encoder is not part of the PyAV") as refused:
        rendered(scene, 1, missing, name="refused")
    assert "Name another, such as libx264" in str(refused.value)
    assert not (scene.folder / "refused-1.mp4").exists()


def test_the_same_inputs_give_the_same_bytes(scene: Scene) -> None:
    planned(scene, 1)
    first = rendered(scene, 1, LOSSY).read_bytes()
    assert rendered(scene, 1, LOSSY).read_bytes() == first


def test_the_label_says_what_kind_of_record_there_is(tmp_path: Path) -> None:
    scene = make_scene(tmp_path, frames=4)
    make_speech(scene, tone(0.1))
    planned_with = {"synthetic": None, "consent": None}
    for kind in planned_with:
        scene.receipt.write_text(json.dumps(receipt_content(kind)), encoding="utf-8")
        plan_render(
            scene.speech,
            scene.faces,
            scene.timeline,
            start_s=0,
            end_s=None,
            fit="trim",
            chunks=1,
            record=UsageRecord("plan_render", {}),
        )
        planned_with[kind] = next(read_frames(rendered(scene, 1)))
    synthetic, consented = planned_with.values()
    rows, columns = draw_label(f"{LABEL} (synthetic person)", WIDTH, HEIGHT).box
    assert not np.array_equal(synthetic[rows, columns], consented[rows, columns])


def test_crops_of_another_timeline_are_refused_before_rendering(scene: Scene) -> None:
    planned(scene, 3)
    crops, table = make_crops(scene, 1)
    with VideoWriter(crops, rate=RATE, size=(CROP_PX, CROP_PX)) as writer:
        for _ in range(3):
            writer.write(np.zeros((CROP_PX, CROP_PX, 3), np.uint8))
    out = scene.folder / "refused.mp4"
    with pytest.raises(MediaError, match="holds 3 crops and 5 rows"):
        composite(
            consent=scene.receipt,
            clip=scene.clip,
            faces=scene.faces,
            masks=scene.masks,
            timeline=scene.timeline,
            crops=crops,
            crop_table=table,
            out=out,
            chunk=1,
            render="demo",
            label=LabelStyle(),
            networks=NETWORKS,
            encoding=LOSSLESS,
            record=UsageRecord("composite", {}),
        )
    assert not out.exists()


def test_chunk_numbers_come_from_the_wildcard() -> None:
    assert chunk_number("3-of-7") == 3


def test_footage_in_the_scene_is_what_it_says(scene: Scene) -> None:
    assert count_frames(scene.clip) == 40
    decoded = next(read_frames(scene.clip)).astype(int)
    assert np.abs(decoded - footage_picture(0)).mean() < 4
