"""How a script is fitted to a length: pauses first, then speed within limits."""

from dataclasses import dataclass

from mythmeter.errors import SpeechError

SHORTEST_PAUSE_S = 0.08
LONGEST_PAUSE_S = 0.9
"""Between sentences: beyond these, speech sounds cut together, or lost for words."""
TIGHT_PAUSE_S = 0.12
WIDE_PAUSE_S = 0.75
"""What is aimed at once the speed has to change too: room on both sides for the next fit."""
TAIL_SLACK_S = 0.3
"""What a single sentence may leave over as silence at its end."""
NEAR = 0.01
"""A speed this close beyond a limit is taken as the limit."""


@dataclass(frozen=True)
class Pace:
    """How fast a script is spoken and how long the silences are."""

    speed: float
    pause_s: float
    tail_s: float


def fit_pace(
    pace: Pace,
    spoken_s: float,
    gaps: int,
    words: int,
    *,
    lead_s: float,
    tail_s: float,
    duration_s: float,
    speed_limits: tuple[float, float],
) -> Pace:
    """Return the pace at which speech lasts `duration_s`, silence around it included.

    If its speed is that of `pace`, pauses alone do it and nothing need be spoken again.

    Args:
        pace: at which the sentences were spoken.
        spoken_s: how long they last together, without pauses.
        gaps: pauses between them.
        words: of the script, for the message.
        lead_s: silence before the first word.
        tail_s: silence wanted after the last.
        duration_s: target.
        speed_limits: slowest and fastest.

    Raises:
        SpeechError: no speed within the limits fits.
    """
    free_s = duration_s - lead_s - tail_s - spoken_s
    if gaps and SHORTEST_PAUSE_S <= free_s / gaps <= LONGEST_PAUSE_S:
        return Pace(pace.speed, free_s / gaps, tail_s)
    if not gaps and 0 <= free_s <= TAIL_SLACK_S:
        return Pace(pace.speed, pace.pause_s, tail_s + free_s)
    tight = free_s < gaps * SHORTEST_PAUSE_S
    pause_s = TIGHT_PAUSE_S if tight else WIDE_PAUSE_S
    slack_s = 0.0 if gaps else TAIL_SLACK_S / 2
    room_s = duration_s - lead_s - tail_s - gaps * pause_s - slack_s
    slowest, fastest = speed_limits
    speed = pace.speed * spoken_s / room_s if room_s > 0 else float("inf")
    if not slowest * (1 - NEAR) <= speed <= fastest * (1 + NEAR):
        limit = fastest if speed > fastest else slowest
        lasts_s = lead_s + tail_s + spoken_s * pace.speed / limit + gaps * pause_s
        change = max(1, round(words * abs(lasts_s - duration_s) / spoken_s * limit / pace.speed))
        raise SpeechError(
            f"The script does not fit duration_s of {duration_s:g} s: at speed {limit:g}, the "
            f"{'fastest' if limit == fastest else 'slowest'} that voice.speed_limits allow, it "
            f"lasts {lasts_s:.1f} s. {'Cut' if limit == fastest else 'Add'} about {change} "
            f"{'word' if change == 1 else 'words'}, or change duration_s."
        )
    return Pace(min(max(speed, slowest), fastest), pause_s, tail_s)
