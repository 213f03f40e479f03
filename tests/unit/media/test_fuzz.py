"""Mutated clips end in a verdict or one clear message; so do the ugliest that were found."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from media_fuzz import boxes, ebml, streams
from media_fuzz.cases import SHARES, make_case
from media_fuzz.judge import judge
from media_fuzz.originals import make_originals

from mythmeter.errors import MediaError
from mythmeter.media.decode import count_frames
from mythmeter.media.speech import extract_audio
from mythmeter.usage.record import UsageRecord

Make = Callable[..., Path]


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return make_originals(tmp_path_factory.mktemp("originals"))


def with_times(clip: Path, *entries: tuple[int, int]) -> Path:
    """Give the frames of an MP4 other durations: (how many, ticks each)."""
    found = boxes.parse(clip.read_bytes())
    for where, box in boxes.walk(found):
        if box.kind == b"stts":
            table = b"".join(struct.pack(">II", *entry) for entry in entries)
            box.payload = struct.pack(">II", 0, len(entries)) + table
        elif box.kind in (b"ctts", b"edts"):  # the order of B-frames, and what they delay
            where.remove(box)
    kinds = [box.kind for box in found]
    assert kinds.index(b"mdat") < kinds.index(b"moov")  # so no chunk moves
    clip.write_bytes(boxes.pack(found))
    return clip


def test_a_last_frame_of_days_is_not_filled_with_copies(
    counting_clip: Make, normalise: Make
) -> None:
    # FFmpeg's rate filter kept 100,000 copies of the frame in memory until it had none left.
    clip = with_times(counting_clip([n / 25 for n in range(10)]), (9, 3600), (1, 0x7FFFFFFF))
    made = normalise(clip)
    assert count_frames(made) <= 10 + 5 * 25
    assert json.loads((made.parent / "verdict.json").read_text())["made"]["rate"] == "25/1"


def test_frames_hours_apart_are_refused_in_words(counting_clip: Make, normalise: Make) -> None:
    # Their rate was rounded to 0, by which times were then divided.
    ticks = (1, 3600), (1, 3600), (1, 0x7FFFFFFF), (1, 3600)
    clip = with_times(counting_clip([n / 25 for n in range(4)]), *ticks)
    with pytest.raises(MediaError, match=r"jump: 4 frames lie over 2\.386e\+04 s") as caught:
        normalise(clip)
    assert "none of them between 0.08 s and 2.386e+04 s" in str(caught.value)


def test_frames_all_at_once_are_refused(counting_clip: Make, normalise: Make) -> None:
    clip = with_times(counting_clip([n / 25 for n in range(10)]), (10, 0))
    with pytest.raises(MediaError, match="shows all its 10 frames at the same time"):
        normalise(clip)


def test_a_jump_in_the_sound_does_not_become_hours_of_silence(make: Make, tmp_path: Path) -> None:
    # A gap in the sound is filled with silence: the disk was full before the job ended.
    clip = make("gap.mkv", "testsrc2=s=96x96:r=25:d=1", sound="sine=d=1")
    elements = ebml.parse(clip.read_bytes())
    *_, (_, cluster) = [e for e in ebml.walk(elements) if e[1].id == ebml.CLUSTER]
    late = ebml.parse(cluster.pack())[0]
    assert late.inner is not None and cluster.inner is not None
    next(e for e in late.inner if e.id == ebml.TIME).payload = (3 * 10**7).to_bytes(8, "big")
    sound = [e for e in late.inner if e.id == ebml.GROUP]
    late.inner = [e for e in late.inner if e.id == ebml.TIME] + sound
    _, segment = next(e for e in ebml.walk(elements) if e[1].id == ebml.SEGMENT)
    assert sound and segment.inner is not None
    segment.inner.append(late)
    clip.write_bytes(ebml.pack(elements))
    with pytest.raises(MediaError, match=r"time stamps of its sound \(stream 1\) jump"):
        extract_audio(
            clip, {16000: tmp_path / "x.wav"}, wanted_by=[], record=UsageRecord("fuzz", {})
        )
    assert not (tmp_path / "x.wav").exists()


def test_a_play_list_does_not_lead_to_other_files(make: Make, normalise: Make) -> None:
    good = make("good.ts", "testsrc2=s=96x96:r=25:d=1")
    clip = good.with_name("list.mp4")
    clip.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{good}\n#EXT-X-ENDLIST\n")
    with pytest.raises(MediaError, match=r"list\.mp4: cannot be read as a video"):
        normalise(clip)


def test_a_name_is_not_taken_for_a_protocol(
    make: Make, normalise: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("take.mp4", "testsrc2=s=96x96:r=25:d=1").rename(tmp_path / "data:one.mp4")
    monkeypatch.chdir(tmp_path)
    assert count_frames(normalise(Path("data:one.mp4"))) == 25


def test_an_absurd_picture_is_refused_before_it_is_decoded(make: Make, normalise: Make) -> None:
    clip = make("wide.mkv", "testsrc2=s=96x96:r=25:d=1", "-c:v", "ffv1")
    elements = ebml.parse(clip.read_bytes())
    for _, element in ebml.walk(elements):
        if element.id in (ebml.WIDTH, ebml.HEIGHT):
            element.payload = (16_000).to_bytes(2, "big")
    clip.write_bytes(ebml.pack(elements))
    with pytest.raises(MediaError, match="says that its picture is 16000×16000 pixels; at most 67"):
        normalise(clip)


def test_taking_a_file_apart_and_putting_it_together_changes_nothing(originals) -> None:
    for name, data in originals.items():
        if name.endswith(("mp4", "mov")):
            assert boxes.pack(boxes.parse(data)) == data
        if name.endswith(("mkv", "webm")):
            elements = ebml.parse(data)
            again = ebml.pack(elements)
            assert ebml.pack(ebml.parse(again)) == again
            assert sum(e.id == ebml.BLOCK for _, e in ebml.walk(elements)) >= 20


@pytest.mark.parametrize(
    ("room", "name"), [(boxes, "fast.mp4"), (ebml, "film.mkv"), (streams, "disc.mpg")]
)
def test_every_structured_change_changes_the_file(room, name: str, originals) -> None:
    parse, pack = getattr(room, "parse", bytearray), getattr(room, "pack", bytes)
    untouched = pack(parse(originals[name]))
    for change in room.CHANGES.values():
        outcomes = set()
        for seed in range(12):
            parsed = parse(originals[name])
            if change(parsed, Random(seed)):
                outcomes.add(pack(parsed))
        if change is not streams.wrong_tables:  # of transport streams only
            assert outcomes - {untouched}


def test_cases_are_the_same_for_the_same_seed_and_of_every_kind(originals) -> None:
    cases = [make_case(7, number, originals) for number in range(60)]
    assert cases == [make_case(7, number, originals) for number in range(60)]
    assert {case.share for case in cases} == set(SHARES)
    assert make_case(8, 0, originals).data != cases[0].data


def test_forty_mutated_clips_are_all_handled(originals, tmp_path: Path) -> None:
    ended = set()
    for number in range(40):
        case = make_case(3, number, originals)
        (tmp_path / str(number)).mkdir()
        found = judge(case.data, case.name, tmp_path / str(number))
        assert found.faults == [], f"{case.name}: {case.done}"
        ended.add(found.clip)
    assert {"accepted", "refused"} <= ended
