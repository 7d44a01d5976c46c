"""The programs that are measured, and what a person types to run them without Codr.

Each run gets a text that no run before it had, so that nothing kept from an earlier one can answer
in its place, unless a measurement is about that.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from executor_app.languages import Language, find

# Of this process; the start is the clock, so that no two runs of the bench say the same.
_NUMBERS: Final[Iterator[int]] = itertools.count(time.time_ns())


@dataclass(frozen=True, slots=True)
class Program:
    """`template` has `@` where a new number goes; what is said is that number's line."""

    name: str
    title: str
    language_name: str
    file_name: str
    template: str
    # The compiler's arguments as a person types them: no flag of ours makes the bare run slower.
    compile: tuple[str, ...] = ()

    @property
    def language(self) -> Language:
        return find(self.language_name)

    def new(self) -> tuple[str, str]:
        """A program that nobody has seen before, and its whole output."""
        number = str(next(_NUMBERS))
        return self.template.replace("@", number), f"Hello {number}\n"


C: Final = '#include <stdio.h>\nint main(void) { puts("Hello @"); return 0; }\n'
CPP: Final = '#include <{header}>\nint main() {{ std::cout << "Hello @\\n"; }}\n'
RUST: Final = 'fn main() {\n    println!("Hello @");\n}\n'
TO_PROGRAM: Final = ("-o", "program")

PYTHON_HELLO: Final = Program("python", "Python", "python", "hello.py", 'print("Hello @")\n')
HELLOS: Final = (
    PYTHON_HELLO,
    Program("javascript", "JavaScript", "javascript", "hello.js", 'console.log("Hello @");\n'),
    Program("c", "C", "c", "hello.c", C, TO_PROGRAM),
    Program(
        "cpp", "C++ (iostream)", "cpp", "hello.cpp", CPP.format(header="iostream"), TO_PROGRAM
    ),
    Program(
        "cpp_bits", "C++ (bits/stdc++.h)", "cpp", "hello.cpp",
        CPP.format(header="bits/stdc++.h"), TO_PROGRAM,
    ),
    Program("rust", "Rust", "rust", "hello.rs", RUST, TO_PROGRAM),
)  # fmt: skip

# Reads a number and says it behind its text: the same program each time, with other input.
C_AGAIN: Final = """\
#include <stdio.h>
int main(void) { int n; if (scanf("%d", &n) != 1) return 1; printf("@ %d\\n", n); return 0; }
"""
CPP_AGAIN: Final = """\
#include <iostream>
int main() { int n; if (!(std::cin >> n)) return 1; std::cout << "@ " << n << "\\n"; }
"""
RUST_AGAIN: Final = """\
fn main() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    println!("@ {}", line.trim());
}
"""
AGAINS: Final = (
    Program("c", "C", "c", "again.c", C_AGAIN, TO_PROGRAM),
    Program("cpp", "C++", "cpp", "again.cpp", CPP_AGAIN, TO_PROGRAM),
    Program("rust", "Rust", "rust", "again.rs", RUST_AGAIN, TO_PROGRAM),
)
