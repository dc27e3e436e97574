"""The four grades: number and colour of the norms, and severity for arithmetic."""

from dataclasses import dataclass
from typing import Literal

Colour = Literal["blue", "yellow", "orange", "red"]


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade of DOMAIN's table: ``number`` 1 (red, I) to 4 (blue, IV); ``severity`` grows with the danger, 1 to 4."""

    number: int
    colour: Colour
    numeral: str
    zh: str

    @property
    def severity(self) -> int:
        """1 for blue to 4 for red; 0 stands for no hazard."""
        return 5 - self.number


GRADES = (
    Grade(4, "blue", "IV", "蓝色"),
    Grade(3, "yellow", "III", "黄色"),
    Grade(2, "orange", "II", "橙色"),
    Grade(1, "red", "I", "红色"),
)
SEVERITY = {grade.colour: grade.severity for grade in GRADES}


def grade_of(severity: int) -> Grade:
    """The grade of a severity from 1 to 4."""
    return GRADES[severity - 1]
