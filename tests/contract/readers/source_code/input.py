# SPDX-FileCopyrightText: 2024 Ana Le Goff
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Le niveau de l'eau."""

import math  


def level(depth: float) -> float:
	return math.sqrt(depth)
