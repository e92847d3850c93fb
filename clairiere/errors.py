"""The error family. Each says what was found, where, what was expected and what to do next.

ClairiereError
├── RequestError            the request was wrong: exit code 2
│   ├── RecipeError         a recipe, or a --set, that cannot be followed
│   ├── CardError           a source card that is incomplete or wrong
│   ├── LicenseError        a license or policy that is unknown, or an override without a name or reason
│   └── UnknownNameError    no reader, filter, family, exporter, phase … of that name
└── WorkError               the work failed: exit code 1
    ├── UnreadableError     a file that cannot be read as what it claims to be
    ├── FetchError          a file that cannot be fetched, or is not what its card says
    ├── EmptyError          a source, a split or a stage that would come out empty
    ├── ArtifactError       a finished folder that is missing, incomplete or altered
    ├── ModelError          a model folder that is missing, unsupported or unsafe
    ├── TrainingError       a loss that is not a number, a shape that does not fit
    └── ReleaseError        a fact that is missing, or a check of the release that failed
"""

from __future__ import annotations


class ClairiereError(Exception):
    """What was found, where, what was expected, what to do next; printed without a traceback."""

    exit_code = 1

    def __init__(
        self,
        found: str,
        *,
        where: object | None = None,
        expected: str | None = None,
        next_step: str | None = None,
    ) -> None:
        self.found = found
        self.where = None if where is None else str(where)
        self.expected = expected
        self.next_step = next_step
        super().__init__(found)

    def __str__(self) -> str:
        lines = [self.found]
        if self.where:
            lines.append(f"  where:    {self.where}")
        if self.expected:
            lines.append(f"  expected: {self.expected}")
        if self.next_step:
            lines.append(f"  next:     {self.next_step}")
        return "\n".join(lines)


class RequestError(ClairiereError):
    """The request was wrong."""

    exit_code = 2


class RecipeError(RequestError):
    """A recipe, or a --set, that cannot be followed."""


class CardError(RequestError):
    """A source card that is incomplete or wrong."""


class LicenseError(RequestError):
    """A license or policy that is unknown, or an override without a name or a reason."""


class UnknownNameError(RequestError):
    """No reader, filter, family, exporter or phase of that name."""


class WorkError(ClairiereError):
    """The work failed."""


class UnreadableError(WorkError):
    """A file that cannot be read as what it claims to be."""


class FetchError(WorkError):
    """A file that cannot be fetched, or is not what its card says."""


class EmptyError(WorkError):
    """A source, a split or a stage that would come out empty."""


class ArtifactError(WorkError):
    """A finished folder that is missing, incomplete or altered."""


class ModelError(WorkError):
    """A model folder that is missing, unsupported or unsafe."""


class TrainingError(WorkError):
    """A loss that is not a number, or a shape that does not fit."""


class ReleaseError(WorkError):
    """A fact that is missing, or a check of the release that failed."""
