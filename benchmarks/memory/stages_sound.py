"""Calls of the rules of sound and voice, with the settings of the example."""

from pathlib import Path

from memory.inputs import REPOSITORY, asset
from memory.stages_face import record_of

SCRIPT = REPOSITORY / "tests" / "unit" / "voice" / "long_script.txt"
WORDS_A_SECOND = 2.2
VOICE = "bf_emma"


def prepare_voice(given: Path, out: Path) -> None:
    """A stock voice, which is nobody's, and a reference that it speaks."""
    import numpy as np

    from mythmeter.media.audio import write_wav
    from mythmeter.voice.equaliser import BINS
    from mythmeter.voice.synthesiser import say, write_voice
    from mythmeter.voice.voices.kokoro_voice import STYLE_ROW, KokoroSynthesiser, kokoro_voice

    speaker = KokoroSynthesiser(_assets(), 1, "cpu")
    style = speaker.kokoro.style(VOICE)[STYLE_ROW]
    voice = kokoro_voice(style, 1.0, np.zeros(BINS, dtype=np.float32))
    write_voice(given / "voice.safetensors", voice)
    reference = say(speaker, voice, "The harbour was quiet this morning.")
    write_wav(given / "reference.wav", reference.samples, reference.rate_hz)


def _assets() -> dict[str, Path]:
    from mythmeter.voice.assets import spoken_assets

    return {name: asset(name) for name in spoken_assets("kokoro")}


def script_of(seconds: float) -> str:
    """Sentences of the long script, repeated, for somewhat less than so many seconds."""
    words = SCRIPT.read_text(encoding="utf-8").split()
    wanted = int(seconds * WORDS_A_SECOND)
    return " ".join((words * (wanted // len(words) + 1))[:wanted])


def speak_script(given: Path, out: Path) -> None:
    from mythmeter.voice.speak import Delivery, Outputs, speak_script

    speak_script(
        script_of(float(given.parent.name.removesuffix("s"))),
        given / "voice.safetensors",
        given / "reference.wav",
        synthesiser="kokoro",
        synthesiser_settings={},
        assets=_assets(),
        delivery=Delivery("en-gb", 1.0, 0.25, 0.3, 0.4, -16.0, 1, 3, 0.2),
        outputs=Outputs(out / "speech.wav", out / "words.json", out / "takes.json"),
        record=record_of("speak_script"),
    )


def write_master(given: Path, out: Path) -> None:
    """What speak_script does once sentences are spoken: loudness, marks, timings.

    Sentences are those of the short run's speech, cut out of it, as often as the length wants.
    """
    import json
    from tempfile import TemporaryDirectory

    import soundfile

    from mythmeter.voice.master import Store, lay_out, timed, write_master
    from mythmeter.voice.pace import Pace
    from mythmeter.voice.speak import _write, words_table
    from mythmeter.voice.speech import Phoneme, Sentence, Speech, Word, shift

    content = json.loads((given / "spoken.json").read_text(encoding="utf-8"))
    with TemporaryDirectory(dir=out) as scratch, Path(scratch, "takes.f32").open("w+b") as file:
        store = Store(file)
        with soundfile.SoundFile(given / "spoken.wav") as wav:
            for row in content["sentences"]:
                start, stop = (round(row[name] * wav.samplerate) for name in ("start_s", "end_s"))
                wav.seek(start)
                words = tuple(
                    Word(
                        word["text"],
                        word["start_s"],
                        word["end_s"],
                        tuple(Phoneme(**phoneme) for phoneme in word["phonemes"]),
                    )
                    for word in row["words"]
                )
                sentence = Sentence(row["text"], row["start_s"], row["end_s"], words)
                sound = wav.read(stop - start, dtype="float32")
                store.add(Speech(sound, wav.samplerate, shift([sentence], -row["start_s"])))
            rate_hz = wav.samplerate
        layout = lay_out(store.lengths(), Pace(1.0, 0.25, 0.4), 0.3, rate_hz)
        where = Path(scratch)
        speech = out / "speech.wav"
        write_master(speech, store, layout, rate_hz=rate_hz, lufs=-16.0, scratch=where)
        sentences = timed(store.sentences, layout, rate_hz)
    table = words_table(sentences, rate_hz, layout.length / rate_hz, "en-gb")
    _write(out / "words.json", table)


def extract_audio(given: Path, out: Path) -> None:
    from mythmeter.media.speech import extract_audio

    files = {16_000: out / "speech_16k.wav", 24_000: out / "speech_24k.wav"}
    extract_audio(
        given / "source.mp4",
        files,
        wanted_by=[],
        record=record_of("extract_audio"),
        limits_factor=20,
    )


def match_voice(given: Path, out: Path) -> None:
    from mythmeter.people.match import match_voice

    match_voice(
        given / "person.json",
        {"nobody.a": given / "speech_16k.wav"},
        out / "voice.json",
        {"dvector": asset("dvector")},
        usage=record_of("match_voice"),
    )


def enrol_voice(given: Path, out: Path) -> None:
    """One step of the fit: how many there are does not depend on the length of the recordings."""
    from mythmeter.voice.assets import enrolment_assets
    from mythmeter.voice.enrol import enrol_voice
    from mythmeter.voice.synthesiser import FitSettings

    enrol_voice(
        [given / "speech_24k.wav"],
        synthesiser="kokoro",
        synthesiser_settings={},
        assets={name: asset(name) for name in enrolment_assets("kokoro")},
        settings=FitSettings(steps=1, equaliser_strength=0.5, seed=1),
        voice_path=out / "voice.safetensors",
        reference_path=out / "reference.wav",
        report_path=out / "enrolment.json",
        record=record_of("enrol_voice"),
    )
