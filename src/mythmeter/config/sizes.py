"""How large a render is going to be, guessed from its row before anything is made."""

from mythmeter.config.renders import Render

CHARACTERS_PER_S = 14.0
"""English read aloud: about 150 words a minute of 5.6 characters, spaces included."""
AROUND_S = 1.0
"""Silence before and after the speech."""
FRAMES_PER_S = 30.0
"""The faster of the two usual rates: a demand had better be too high than too low."""


def sizes_of_render(render: Render, chunks: int = 1) -> dict[str, float]:
    """Return frames and seconds of speech of a render, or of one of its chunks.

    Args:
        render: its row.
        chunks: into how many pieces its frames are cut.
    """
    spoken_s = render.duration_s or len(render.script) / CHARACTERS_PER_S + AROUND_S
    return {"frames": spoken_s * FRAMES_PER_S / chunks, "audio_s": spoken_s}
