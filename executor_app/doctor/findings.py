"""One line of the doctor's: what was looked at, and what is wrong and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`problem` is "" where all is well; then `detail` may say more. `weak`: works, but less."""

    part: str
    detail: str = ""
    problem: str = ""
    advice: str = ""
    weak: bool = False

    @property
    def well(self) -> bool:
        return not self.problem

    def __str__(self) -> str:
        if self.well:
            return f"ok       {self.part}" + (f": {self.detail}" if self.detail else "")
        word = "weak    " if self.weak else "WRONG   "
        return f"{word} {self.part}: {self.problem}" + (f" → {self.advice}" if self.advice else "")
