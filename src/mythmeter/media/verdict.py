"""What was found in a source clip and what was changed, for people and for the report."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mythmeter.media.colour import WrittenColour
from mythmeter.media.plan import WIDE_GAMUTS, Plan, assumed_colour, fraction_text
from mythmeter.media.probe import UNSPECIFIED, ClipInfo, Colour, choose_audio


def describe(
    info: ClipInfo, plan: Plan, counts: dict[str, int], decoder_errors: list[str]
) -> dict[str, Any]:
    """Return the verdict: decision, what was found, what was made, and every change in words."""
    track = choose_audio(info)
    rate = plan.rate.rate
    return {
        "decision": "accepted",
        "source": info.path.name,
        "changes": list_changes(info, plan, counts),
        "found": {
            "container": info.container,
            "codec": info.codec,
            "video_tracks": info.video_tracks,
            "width": info.width,
            "height": info.height,
            "pixel_aspect": str(info.pixel_aspect),
            "rotation_deg": info.rotation_deg,
            "pixel_format": info.pixel_format,
            "bit_depth": info.bit_depth,
            "colour": asdict(info.colour),
            "colour_assumed": assumed_colour(info),
            "interlaced": info.interlaced,
            "frames": info.frames,
            "start_s": round(info.start_s, 6),
            "mean_rate": round(info.mean_rate, 4),
            "stated_rate": None if info.stated_rate is None else fraction_text(info.stated_rate),
            "variable_rate": plan.rate.variable,
            "audio_tracks": [asdict(t) for t in info.audio],
        },
        "made": {
            "width": plan.width,
            "height": plan.height,
            "rate": fraction_text(rate),
            "frames": counts["out"],
            "duration_s": round(float(counts["out"] / rate), 6),
            "keyframe_interval_frames": plan.keyframe_interval,
        },
        "frames": counts,
        "audio_track_used": None if track is None else track.index,
        "decoder_errors": {"count": len(decoder_errors), "first": decoder_errors[:3]},
    }


def render_colour(verdict: Path) -> WrittenColour:
    """Return the colour that a render of this clip is written in: the original's where it can be.

    Ingest leaves 8-bit primaries and transfer as they are, so their tags go back; see
    `WrittenColour.of_original`.
    """
    found = json.loads(verdict.read_text(encoding="utf-8"))["found"]["colour_assumed"]
    return WrittenColour.of_original(Colour(**found))


def list_changes(info: ClipInfo, plan: Plan, counts: dict[str, int]) -> list[str]:
    """Say in words everything that was done to the clip."""
    rate = fraction_text(plan.rate.rate)
    changes = []
    if info.rotation_deg:
        changes.append(f"turned upright: rotated {info.rotation_deg}° clockwise as the file asks")
    if info.interlaced:
        changes.append("deinterlaced (bwdif, one frame for each frame)")
    if info.pixel_aspect != 1:
        changes.append(f"pixels made square: aspect was {info.pixel_aspect}")
    if plan.crop:
        changes.append(f"odd last column or row cropped: now {plan.width}×{plan.height}")
    if plan.scale:
        changes.append(f"scaled to {plan.width}×{plan.height}")
    if plan.rate.variable:
        changes.append(f"variable rate, {info.mean_rate:.3f} a second on average, made {rate}")
    if counts["duplicated"] or counts["dropped"]:
        changes.append(f"{counts['duplicated']} frames duplicated, {counts['dropped']} dropped")
    if abs(info.start_s) > info.tick_s:
        changes.append(f"first frame moved from {info.start_s:.3f} s to 0")
    changes.extend(_colour_changes(info))
    if info.video_tracks > 1:
        changes.append(f"one of {info.video_tracks} video tracks used: stream {info.video_index}")
    track = choose_audio(info)
    if track is None:
        changes.append("has no sound")
    else:
        why = "the default" if track.default else "the first"
        several = f" ({why} of {len(info.audio)} tracks)" if len(info.audio) > 1 else ""
        changes.append(f"sound taken out: stream {track.index}{several}")
    return changes


def _colour_changes(info: ClipInfo) -> list[str]:
    colour = assumed_colour(info)
    changes = []
    if info.hdr:
        changes.append(f"tone mapped from HDR ({colour['transfer']}, {colour['primaries']})")
    elif colour["primaries"] in WIDE_GAMUTS:
        changes.append(f"converted from wide gamut ({colour['primaries']}) to BT.709")
    elif colour["matrix"] != "bt709":
        guessed = " (assumed: the file does not say)" if info.colour.matrix == UNSPECIFIED else ""
        changes.append(f"colour matrix {colour['matrix']}{guessed} converted to BT.709")
    if colour["range"] == "full":
        changes.append("full range made limited")
    if info.bit_depth > 8 or info.pixel_format not in ("yuv420p", "yuvj420p"):
        changes.append(f"{info.pixel_format} made yuv420p, 8 bits")
    return changes
