"""Tiers of annotation tools (Praat, ELAN): which of them hold speech, by the names that people give them."""

from __future__ import annotations

ANNOTATIONS = frozenset(
    {
        *("phones", "phone", "phonemes", "phonèmes", "phon", "phonetic", "api", "ipa", "sampa", "pho", "mod", "schwa"),
        *("syll", "syllables", "syllabes", "syllable", "pos", "tag", "tags", "lemma", "lemmas", "lemmes", "liaison"),
        *("mor", "gra", "mb", "ge", "rx", "gloss", "glose", "ft", "translation", "traduction", "ref", "conll"),
        *("turns", "sections", "topics", "events", "background", "noise", "noises", "bruit", "bruits", "misc"),
        *("comments", "comment", "commentaires", "commentaire", "comm", "com", "notes", "note", "act", "sit", "exp"),
        *("silence", "silences", "pauses", "pause", "prosody", "prosodie", "intonation", "tones", "tobi", "breaks"),
        *("gestes", "gesture", "gestures", "gaze", "hands", "head"),
    }
)
"""Names, or kinds, of tiers that are no speech."""

WORDS = frozenset({"words", "word", "mots", "mot", "tokens", "token"})
"""Tiers of single words."""

NAMELESS = frozenset(
    {
        *("ortho", "orthographe", "orthography", "transcription", "trans", "text", "texte", "tx", "default", "main"),
        *("utterance", "utterances", "phrase", "phrases", "sentence", "sentences", "ipu", "ipus", "default-lt"),
    }
)
"""Tiers of speech that name no speaker."""

SPEECH = NAMELESS - {"default", "main", "default-lt"}
"""Kinds of tiers that are certainly speech: beside one of them, a tier of another kind is none."""

SPEAKERS = frozenset({"spk", "speaker", "speakers", "locuteur", "locuteurs"})
"""Tiers that name who speaks."""
