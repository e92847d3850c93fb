"""Records whose shape says what their fields are, so that a source card needs no `[mapping]` for them.

A shape is a mapping and the fields by which a record is known to be of it. The more particular come first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.records.mapping import EACH, KEYS, FieldPath, Fields, compile_mapping, values
from clairiere.errors import UnreadableError
from clairiere.record import Source

OWN = {"id": "id?", "title": "title?", "language": "language?", "category": "category?", "license": "license?"}
"""What any record may say of itself."""


@dataclass(frozen=True)
class Shape:
    """A mapping and the fields that a record of it has."""

    needs: tuple[str, ...]
    table: Mapping[str, str]


def _shape(needs: str, **table: str | None) -> Shape:
    return Shape(tuple(needs.split()), {key: path for key, path in (OWN | table).items() if path is not None})


SHAPES: tuple[Shape, ...] = (
    # what `clairiere read --json` prints
    _shape("turns[]", turns="turns[]", text="text", speaker="speaker?", meta="meta?"),
    # OpenAI, Hugging Face: https://platform.openai.com/docs/api-reference/chat
    _shape("messages[]", turns="messages[]", text="content", speaker="role?", meta="meta?"),
    # ShareGPT: https://github.com/lm-sys/FastChat/blob/main/docs/training.md
    _shape("conversations[].value", turns="conversations[]", text="value", speaker="from"),
    _shape("conversations[].content", turns="conversations[]", text="content", speaker="role"),
    # QMSum: https://github.com/Yale-LILY/QMSum
    _shape(
        "meeting_transcripts[]",
        turns="meeting_transcripts[]",
        text="content",
        speaker="speaker",
        codes="{vocalsound}=[bruit], {nonvocalsound}=[bruit], {gap}=[inaudible], {disfmarker}=, {pause}=, {comment}=",
    ),
    # SQuAD: https://rajpurkar.github.io/SQuAD-explorer/
    _shape(
        "data[].paragraphs[].context",
        records="data[].paragraphs[]",
        opening="context",
        turns="qas[]",
        text="question as user, answers[0].text? as assistant",
        meta="link?, theme?",
    ),
    # RiSAWOZ: https://github.com/stanford-oval/dialogues
    _shape(
        "dialogue[].user_utterance[]",
        id="dialogue_id",
        turns="dialogue[]",
        text="user_utterance[0] as user, system_utterance[0] as assistant",
        meta="domains?",
    ),
    # XPersona: https://github.com/HLTCHKUST/Xpersona
    _shape("dialogue[][1]", turns="dialogue[]", text="[0] as user, [1] as assistant", meta="persona?"),
    # FrenchMedMCQA: https://github.com/qanastek/FrenchMedMCQA
    _shape("question answers.* correct_answers[]", text="question, answers.*", meta="correct_answers, subject_name?"),
    # Self-Instruct, with its instances: https://github.com/yizhongw/self-instruct
    _shape(
        "instruction instances[].output",
        text="instruction as user, instances[].input? as user, instances[].output as assistant",
    ),
    # Alpaca: https://github.com/tatsu-lab/stanford_alpaca
    _shape("instruction output", text="instruction as user, input? as user, output as assistant"),
    _shape("prompt response", text="system? as system, prompt as user, response as assistant"),
    _shape("prompt completion", text="prompt as user, completion as assistant"),
    _shape("question answer", text="question as user, answer as assistant"),
    # HumanEval, MXEval: https://github.com/amazon-science/mxeval
    _shape("task_id prompt entry_point", id="task_id", text="prompt, canonical_solution?", language=None),
    _shape("task_id completion", id="task_id", text="completion", language=None),
    _shape("text", text="text", speaker="speaker?", meta="meta?"),
)


def fields_of(path: SourceFile, source: Source | None, record: Any, *, line: int | None = None) -> Fields:
    """The mapping of the source card, or of the shape that a record has.

    Raises:
        UnreadableError: there is no mapping, and the record has no known shape.
        CardError: the card's mapping cannot be followed.
    """
    if source is not None and source.mapping:
        return compile_mapping(source.mapping)
    found = shape_of(record)
    if found is None:
        keys = ", ".join(map(str, list(record)[:8])) if isinstance(record, dict) else ""
        raise path.fail(
            f"no text in a known field; keys: {keys or 'none'}",
            line=line,
            expected="`turns`, `messages`, `conversations`, `prompt` and `response`, `text` … "
            "or a [mapping] in the source card that names the fields (keys: " + ", ".join(KEYS) + ")",
        )
    return found


def shape_of(record: Any) -> Fields | None:
    """The mapping of the first shape that a record has; None where it has none."""
    if not isinstance(record, dict):
        return None
    for shape in SHAPES:
        needs = _needs(shape.needs)
        if all(path.steps[0] in record for path in needs) and all(_has(record, path) for path in needs):
            return _compiled(
                tuple(shape.table.items()),
                says_lang="lang" in record and "language" in shape.table,
            )
    return None


def _has(record: Any, path: FieldPath) -> bool:
    """Whether there is anything at an optional path; a list, where it ends in one, may be empty."""
    is_list = path.steps[-1] == EACH
    place = FieldPath(path.steps[:-1], path.spelled, optional=True) if is_list else path
    return any(
        isinstance(value, list) if is_list else value is not None for value in values(record, place, UnreadableError)
    )


@cache
def _needs(spelled: tuple[str, ...]) -> tuple[FieldPath, ...]:
    return tuple(part.path for part in compile_mapping({"text": ",".join(f"{path}?" for path in spelled)}).text)


@cache
def _compiled(items: tuple[tuple[str, str], ...], *, says_lang: bool) -> Fields:
    return compile_mapping(dict(items) | ({"language": "lang?"} if says_lang else {}))
