"""One small conversation in each language: it asks for a number and doubles it."""

from __future__ import annotations

from typing import Final

ASKING: Final = {
    "python": 'n = int(input("number? "))\nprint("twice:", 2 * n)\n',
    "javascript": """
const rl = require("readline").createInterface({ input: process.stdin, output: process.stdout });
rl.question("number? ", (n) => { console.log("twice: " + 2 * Number(n)); rl.close(); });
""",
    "c": """
#include <stdio.h>
int main(void) {
  int n;
  printf("number? ");
  if (scanf("%d", &n) != 1) return 1;
  printf("twice: %d\\n", 2 * n);
}
""",
    "cpp": """
#include <iostream>
int main() {
  int n;
  std::cout << "number? ";
  std::cin >> n;
  std::cout << "twice: " << 2 * n << std::endl;
}
""",
    "rust": """
use std::io::{self, Write};
fn main() {
    print!("number? ");
    io::stdout().flush().unwrap();
    let mut line = String::new();
    io::stdin().read_line(&mut line).unwrap();
    println!("twice: {}", 2 * line.trim().parse::<i64>().unwrap());
}
""",
}

# Shows each chunk of its input as it comes, and says so at its end.
ECHO_BYTES: Final = """
import sys
while data := sys.stdin.buffer.raw.read(65536):
    print(data, flush=True)
print("end", flush=True)
"""

# Writes back exactly what it read.
COPY: Final = """
import sys
sys.stdout.buffer.write(sys.stdin.buffer.read())
"""

WAITS_FOR_EVER: Final = "input('waiting ')\n"
SLEEPS: Final = "import time\nprint('up', flush=True)\ntime.sleep(60)\n"
SPINS: Final = "print('up', flush=True)\nwhile True: pass\n"
