"""What was decided of the documents of a part: the split of each, or the twin of one that is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from clairiere.artifact import write_atomically
from clairiere.curate.split import Codes

DROPPED = -1
"""Instead of the code of a split."""
DUPLICATE, NEAR_DUPLICATE = "duplicate", "near-duplicate"


@dataclass(frozen=True)
class Decisions:
    """Of each document of a part, in order.

    Args:
        codes: int8 [documents], the code of its split, or DROPPED.
        exact: bool [documents], whether a dropped one is an exact copy.
        twins: the id of the document that stays instead of a dropped one; None for those that stay.
    """

    codes: Codes
    exact: npt.NDArray[np.bool_]
    twins: pa.StringArray

    def part(self, rows: slice) -> Decisions:
        """Those of some documents."""
        return Decisions(self.codes[rows], self.exact[rows], self.twins[rows])

    def removals(self) -> Iterator[tuple[int, str, str]]:
        """Place, reason and twin of each document that is left out."""
        for place in np.flatnonzero(self.codes == DROPPED).tolist():
            yield place, DUPLICATE if self.exact[place] else NEAR_DUPLICATE, self.twins[place].as_py()


def write_decisions(path: Path, decisions: Decisions) -> None:
    """Write them to a Parquet file, atomically."""
    columns = {"code": decisions.codes, "exact": decisions.exact, "twin": decisions.twins}
    write_atomically(path, lambda temporary: pq.write_table(pa.table(columns), temporary))


def read_decisions(path: Path) -> Decisions:
    """What `write_decisions` wrote."""
    table = pq.read_table(path).combine_chunks()
    return Decisions(table["code"].to_numpy(), table["exact"].to_numpy(), table["twin"].combine_chunks())
