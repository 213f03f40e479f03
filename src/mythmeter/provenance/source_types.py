"""The IPTC's digital source types: where the content of a file came from.

The signing library writes any string, so a mistyped term would be signed and mean nothing.
Source: IPTC NewsCodes, digitalsourcetype vocabulary, http://cv.iptc.org/newscodes/digitalsourcetype/
"""

from mythmeter.errors import ProvenanceError

VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"

TERMS = frozenset(
    {
        "algorithmicMedia",
        "algorithmicallyEnhanced",
        "composite",
        "compositeCapture",
        "compositeSynthetic",
        "compositeWithTrainedAlgorithmicMedia",
        "computationalCapture",
        "dataDrivenMedia",
        "digitalArt",
        "digitalCapture",
        "digitalCreation",
        "humanEdits",
        "minorHumanEdits",
        "multiFrameComputationalCapture",
        "negativeFilm",
        "positiveFilm",
        "print",
        "screenCapture",
        "softwareImage",
        "trainedAlgorithmicMedia",
        "virtualRecording",
    }
)

FACE_SWAP = "compositeWithTrainedAlgorithmicMedia"
"""Captured footage with generated parts in it."""
CLONED_SPEECH = "trainedAlgorithmicMedia"
"""Generated as a whole."""


def source_type_uri(term: str) -> str:
    """Return the address of a term of the vocabulary.

    Raises:
        ProvenanceError: no such term.
    """
    if term not in TERMS:
        raise ProvenanceError(
            f"{term!r} is not a digital source type of the IPTC. Terms: {', '.join(sorted(TERMS))}."
        )
    return VOCABULARY + term
