"""A script cut into sentences that are spoken one at a time."""

import re

from mythmeter.errors import SpeechError

ABBREVIATIONS = ("approx.", "Approx.")
"""Those after which pysbd sees the end of a sentence where there is none."""

UNSPACED = ("zh", "ja")
"""Languages that write no spaces between words."""


def split_sentences(script: str, language: str = "en") -> list[str]:
    """Cut a script into sentences; abbreviations, decimals and titles do not end one.

    Languages that pysbd lacks are cut by the rules of English, as coqui-tts does.

    A single line break is a space, an empty line always ends a sentence. Words are kept as they
    are: joined by spaces, the sentences are the script with its white space normalised.

    Raises:
        SpeechError: nothing but white space.
    """
    import pysbd

    code = language.partition("-")[0].lower()
    known = code if code in pysbd.languages.LANGUAGE_CODES else "en"
    segmenter = pysbd.Segmenter(language=known, clean=False)
    sentences: list[str] = []
    for paragraph in re.split(r"\n\s*\n", script):
        line = " ".join(paragraph.split())
        # pysbd may cut inside a word that holds a full stop; only cuts at a space are taken, in
        # languages that write spaces.
        piece = ""
        for segment in segmenter.segment(line) if line else ():
            piece += segment
            if piece.rstrip().endswith(ABBREVIATIONS):
                continue
            if segment.endswith(" ") or known in UNSPACED or piece.strip() == "":
                sentences.append(piece.strip())
                piece = ""
        sentences.append(piece.strip())
    sentences = [sentence for sentence in sentences if sentence]
    if not sentences:
        raise SpeechError("The script is empty. Write what is to be said in `script`.")
    return sentences
