"""A script cut into sentences that are spoken one at a time."""

import re

from mythmeter.errors import SpeechError

ABBREVIATIONS = ("approx.", "Approx.")
"""Those after which pysbd sees the end of a sentence where there is none."""


def split_sentences(script: str) -> list[str]:
    """Cut an English script into sentences; abbreviations, decimals and titles do not end one.

    A single line break is a space, an empty line always ends a sentence. Words are kept as they
    are: joined by spaces, the sentences are the script with its white space normalised.

    Raises:
        SpeechError: nothing but white space.
    """
    import pysbd

    segmenter = pysbd.Segmenter(language="en", clean=False)
    sentences: list[str] = []
    for paragraph in re.split(r"\n\s*\n", script):
        line = " ".join(paragraph.split())
        # pysbd may cut inside a word that holds a full stop; only cuts at a space are taken.
        piece = ""
        for segment in segmenter.segment(line) if line else ():
            piece += segment
            if piece.rstrip().endswith(ABBREVIATIONS):
                continue
            if segment.endswith(" ") or piece.strip() == "":
                sentences.append(piece.strip())
                piece = ""
        sentences.append(piece.strip())
    sentences = [sentence for sentence in sentences if sentence]
    if not sentences:
        raise SpeechError("The script is empty. Write what is to be said in `script`.")
    return sentences
