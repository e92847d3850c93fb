"""Transcripts of one recording, in whatever format, are editions of one work."""

from __future__ import annotations

import pytest

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.speech.recordings import work_of


@pytest.mark.parametrize(
    ("path", "work"),
    [
        ("Anita_MUSSO_F_46_11e-v2.TextGrid", "cfpp/anitamussof4611e"),
        ("cefc/cfpp/Anita_MUSSO_F_46_11e.orfeo", "cfpp/anitamussof4611e"),
        ("sources/CFPP/Anita-Musso_F_46_11e.tei_corpo.xml", "cfpp/anitamussof4611e"),
        ("Louise_Liotard_F_85_et_Jeanne_Mallet_F_75_SO-2-v2.TextGrid", "cfpp/louiseliotardf85etjeannemalletf75so2"),
        ("Dominique_Valin_F_37_SU-v2.TextGrid", "cfpp/dominiquevalinf37su"),
        ("Assia-Berrada-F-49_Ivry-v2-1.TextGrid", "cfpp/assiaberradaf49ivry1"),
        ("tcof/Cha_hey_07.xml", "tcof/chahey07"),
        ("data/tcof/Cha_hey_07.cha", "tcof/chahey07"),
        ("clapi/aperitif_chat.xml", "clapi/aperitif"),
        ("Chapter_one_07.xml", None),
        ("tcof/README.md", None),
        ("books/Emma_F_12.txt", None),
    ],
)
def test_the_recording_that_a_name_tells(path: str, work: str | None) -> None:
    assert work_of(path) == work


def test_documents_bear_their_recording() -> None:
    file = SourceFile("tcof/Cha_hey_07.cha", b"x")
    assert file.document([], source=None, meta={"date": "2007"}).meta == {"work": "tcof/chahey07", "date": "2007"}
    assert file.document([], source=None, meta={"work": "own"}).meta == {"work": "own"}
    assert SourceFile("a.cha", b"x").document([], source=None).meta == {}
