"""What people write where the specification has another structure: one function per repair, with its explanation.

Each looks at one value of a document and gives the edits that make it what the specification wants. It never guesses
between two readings: what could mean two things is left to the shape.
"""

from __future__ import annotations

from runner.loader.mend import Repair
from runner.loader.repairs.entries import ENTRIES
from runner.loader.repairs.objects import OBJECTS
from runner.loader.repairs.scalars import SCALARS

STRUCTURE: tuple[Repair, ...] = (*SCALARS, *ENTRIES, *OBJECTS)
"""What is tried on each value, in this order."""
