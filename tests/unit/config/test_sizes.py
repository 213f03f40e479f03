from types import SimpleNamespace

from mythmeter.config.sizes import sizes_of_render


def row(script="", duration_s=None):
    return SimpleNamespace(script=script, duration_s=duration_s)


def test_a_longer_script_is_a_larger_render():
    short, long = (sizes_of_render(row("word " * n)) for n in (10, 1000))
    assert long["frames"] > 50 * short["frames"]


def test_a_minute_of_english_is_about_a_minute():
    words_of_a_minute = "walked " * 130
    assert 50 < sizes_of_render(row(words_of_a_minute))["audio_s"] < 75


def test_a_length_that_was_asked_for_is_taken_and_chunks_share_the_frames():
    whole = sizes_of_render(row("hello", duration_s=20.0))
    assert whole == {"frames": 600.0, "audio_s": 20.0}
    assert sizes_of_render(row("hello", duration_s=20.0), chunks=4)["frames"] == 150.0
