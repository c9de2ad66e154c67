"""What the modes declare in common: fields of program lines, and where a verdict is made."""

from refinement.records.record_types import Field

OUTSIDE, INSIDE = "outside", "inside"  # of the jail: the integrity of a verdict
INTEGRITIES = (OUTSIDE, INSIDE)

CODE = Field("code", "the program")
ENTRY_POINT = Field("entry_point", "the function under test")
