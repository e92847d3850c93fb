"""What the readers of transcripts say of files that are none: which file, which line, what was found."""

from __future__ import annotations

from importlib import import_module

import pytest

from clairiere.corpus.files.source_file import SourceFile
from clairiere.errors import UnreadableError

TEI = '<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader/><text><body>{}</body></text></TEI>'
ORFEO = "1\toui" + "\t_" * 8 + "\t0.1\t0.2\tL1"
GRID = 'File type = "ooTextFile"\nObject class = "TextGrid"\n0\n9\n<exists>\n1\n"IntervalTier"\n"Léa"\n0\n9\n'
TRS = '<Trans><Episode><Section type="report"><Turn startTime="{}" endTime="9">{}</Turn></Section></Episode></Trans>'
EAF = (
    '<ANNOTATION_DOCUMENT><TIME_ORDER><TIME_SLOT TIME_SLOT_ID="t1"/></TIME_ORDER>'
    '<TIER TIER_ID="A"><ANNOTATION>{}</ANNOTATION></TIER></ANNOTATION_DOCUMENT>'
)
ALIGNED = '<ALIGNABLE_ANNOTATION ANNOTATION_ID="a" TIME_SLOT_REF1="t1" TIME_SLOT_REF2="{}"/>'

CASES = [
    ("orfeo", f"# text = oui\n{ORFEO}\n{ORFEO}\tx", "bad:3", "a line of 14 columns: '1\\toui\\t_"),
    ("orfeo", ORFEO.replace("0.1", "zéro"), "bad:1", "a line of 13 columns"),
    ("orfeo", "# text = oui", "bad", "no sentences"),
    ("chat", "@UTF8\n@Begin\n*CHI:\toui .\nnon", "bad:4", "a line that is none of CHAT: 'non'"),
    ("chat", "@UTF8\n@Begin\n@Media:\ta, notrans\n@End", "bad", "no speech"),
    ("chat", "@UTF8\n@Begin\n*CHI:\t0 .\n@End", "bad", "no speech"),
    ("transcriber", "<Trans><Turn>", "bad:1", "malformed XML"),
    ("transcriber", "<trans/>", "bad:1", "a root element trans"),
    ("transcriber", TRS.format("0", "<Sync time='now'/>oui"), "bad:1", "Sync with time='now'"),
    ("transcriber", TRS.format("", "oui"), "bad:1", "Turn with startTime=''"),
    ("transcriber", TRS.format("0", "<Sync time='0'/> "), "bad", "a transcript without words"),
    ("elan", "<eaf/>", "bad:1", "a root element eaf"),
    ("elan", EAF.format(ALIGNED.format("t2")), "bad:1", "an annotation whose time slot is missing"),
    ("elan", EAF.format('<REF_ANNOTATION ANNOTATION_ID="b" ANNOTATION_REF="a"/>'), "bad:1", "without a time: b"),
    ("elan", EAF.format(ALIGNED.format("t1")), "bad", "a transcript without speech"),
    ("textgrid", 'File type = "ooTextFile"\nObject class = "Pitch"', "bad:1", "not a TextGrid"),
    ("textgrid", 'File type = "ooTextFile"', "bad:1", "the end of the file in place of the object class"),
    (
        "textgrid",
        f'{GRID}2\n0\n9\n"oui"\n"IntervalTier"',
        "bad:15",
        "\"IntervalTier\" in place of an interval of 'Léa'",
    ),
    ("textgrid", f"{GRID}1\n0\n9\n9", "bad:14", "9 in place of an interval of 'Léa'"),
    ("textgrid", GRID.replace("<exists>", "1"), "bad:5", "1 in place of whether there are tiers"),
    ("textgrid", GRID.replace("<exists>", "<absent>"), "bad", "a TextGrid without speech"),
    ("stm", ";; x\na 1 b 0.0\n", "bad:2", "a line without the columns of STM: 'a 1 b 0.0'"),
    ("stm", "a 1 inter_segment_gap 0.0 1.0 <o,f0,> inter_segment_gap", "bad", "a transcript without words"),
    ("ctm", "a 1 0.0 0.5 oui 1.0\na 1 oui", "bad:2", "a line without the columns of CTM: 'a 1 oui'"),
    ("ctm", "a 1 0.0 0.5 <sil> 1.0", "bad", "no recognized words"),
    ("tei_speech", "<TEI>", "bad:1", "malformed XML"),
    ("tei_speech", TEI.format("<u><pause/></u>"), "bad", "a transcript without words"),
    ("webvtt", "00:01.000 --> 00:02.000\noui", "bad:1", "no WEBVTT in the first line"),
    ("webvtt", "WEBVTT\n\noui\nnon\n", "bad:3", "a cue without times: 'oui'"),
    ("webvtt", "WEBVTT\nKind: chapters\n\n00:01.000 --> 00:02.000\nI", "bad", "a track of chapters"),
    ("webvtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n♪", "bad", "subtitles without words"),
    ("subrip", "oui\n00:00:01,000 --> 00:00:02,000\n", "bad:1", "text before any times: 'oui'"),
    ("subrip", "1\n00:00:01,000 --> 00:00:02,000\n", "bad", "subtitles without words"),
    ("coded_turns", "d02000000 Bonjour\nBonsoir", "bad:2", "a line without a code: 'Bonsoir'"),
    ("coded_turns", "MTF0001 +++ P0002\nMTF0003 +++ P0004", "bad", "codes without words"),
    ("speech_json", '{"segments": [{"text": "oui"}]}', "bad", "segments[1] without a time or without text"),
    ("speech_json", '{"words": [3]}', "bad", "words[1] without a time or without text"),
    ("speech_json", '{"segments": []}', "bad", "no recognized words"),
    ("speech_json", '"oui"', "bad", "no recognized words"),
]


@pytest.mark.parametrize(("reader", "content", "where", "found"), CASES, ids=[f"{c[0]}-{c[3][:30]}" for c in CASES])
def test_an_error_names_the_place_and_what_was_found(reader: str, content: str, where: str, found: str) -> None:
    module = import_module(f"clairiere.corpus.readers.{reader}")
    with pytest.raises(UnreadableError) as caught:
        list(module.read(SourceFile("bad", content.encode()), None))
    assert caught.value.where == where
    assert found in caught.value.found
    assert caught.value.expected
    assert caught.value.next_step
