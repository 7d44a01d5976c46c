"""Programs that a person who learns or teaches would write: none of them may be turned away."""

import pytest

from executor_app.validation import Policy, validate

EXTENSION = {"python": "py", "javascript": "js", "c": "c", "cpp": "cpp", "rust": "rs"}

#: Language, what the program shows, the program. Accepted by `strict` too.
LESSONS = [
    ("python", "input", 'name = input("Name? ")\nprint(f"Hello, {name}")\n'),
    ("python", "import sys", "import sys\nfor line in sys.stdin:\n    sys.stdout.write(line)\n"),
    (
        "python",
        "a class",
        "from dataclasses import dataclass\n\n@dataclass\nclass Point:\n    x: int\n"
        "    def __str__(self):\n        return self.__class__.__name__\nprint(Point(1))\n",
    ),
    ("python", "modules of mathematics", "import math, random as r\nprint(math.pi, r.random())\n"),
    (
        "python",
        "threads",
        "import threading, queue\nq = queue.Queue()\n"
        "threading.Thread(target=lambda: q.put(1)).start()\nprint(q.get())\n",
    ),
    ("python", "main guard", 'if __name__ == "__main__":\n    print("hi")\n'),
    ("python", "re.compile", 'import re\nprint(re.compile("a").match("abc"))\n'),
    ("python", "unicode", "π = 3.14\nprint(π, '§ subprocess os.system')  # import socket\n"),
    (
        "javascript",
        "readline with a callback",
        "const readline = require('readline');\n"
        "const rl = readline.createInterface({ input: process.stdin, output: process.stdout });\n"
        "rl.question('Name? ', (name) => { console.log(name); rl.close(); });\n",
    ),
    (
        "javascript",
        "readline with promises",
        "import * as readline from 'node:readline/promises';\n"
        "import { stdin as input, stdout as output } from 'node:process';\n"
        "const rl = readline.createInterface({ input, output });\n"
        "console.log(await rl.question('Name? '));\nrl.close();\n",
    ),
    (
        "javascript",
        "events of stdin",
        "process.stdin.on('data', d => process.stdout.write(d));\nprocess.exitCode = 3;\n",
    ),
    ("javascript", "regex.exec", "const m = /a(b)/.exec('ab'); const exec = 1; console.log(m);\n"),
    ("javascript", "constructor.name", "class A {}\nconsole.log(new A().constructor.name);\n"),
    ("c", "scanf", '#include <stdio.h>\nint main(void) { int n; scanf("%d", &n); return n; }\n'),
    (
        "c",
        "fgets",
        "#include <stdio.h>\n#include <string.h>\n"
        "int main() { char b[80]; fgets(b, 80, stdin); puts(b); }\n",
    ),
    (
        "cpp",
        "getline",
        "#include <iostream>\n#include <string>\nint main() { std::string s;"
        " std::getline(std::cin, s); std::cout << s; }\n",
    ),
    (
        "cpp",
        "everything included",
        "#include <bits/stdc++.h>\nusing namespace std;\n"
        "int main() { vector<int> v{3, 1}; sort(v.begin(), v.end());"
        " auto f = bind(plus<int>(), 1, 2); cout << f(); }\n",
    ),
    (
        "rust",
        "read_line",
        "use std::io::{self, Write};\nfn main() { let mut s = String::new();"
        ' print!("? "); io::stdout().flush().unwrap(); io::stdin().read_line(&mut s).unwrap(); }\n',
    ),
    (
        "rust",
        "exit and collections",
        "use std::{collections::HashMap, process};\n"
        "fn main() { let _m: HashMap<i32, i32> = HashMap::new(); process::exit(3) }\n",
    ),
    (
        "rust",
        "threads",
        "use std::sync::{Arc, Mutex};\nuse std::thread;\n"
        "fn main() { let m = Arc::new(Mutex::new(0));"
        " thread::spawn(move || { *m.lock().unwrap() += 1; }).join().unwrap(); }\n",
    ),
]

#: Accepted by `standard`: files, evaluation, the system's headers.
PROGRAMS = [
    ("python", "eval of input", "print(eval(input()))\n"),
    ("python", "import os", "import os\nprint(os.getcwd(), os.path.join('a', 'b'), os.environ)\n"),
    ("python", "own file", "with open('a.txt', 'w') as f:\n    f.write('x')\n"),
    ("python", "pathlib", "from pathlib import Path\nprint(Path('a').read_text())\n"),
    (
        "python",
        "asyncio",
        "import asyncio\nasync def main():\n    await asyncio.sleep(0)\nasyncio.run(main())\n",
    ),
    (
        "python",
        "a pool of threads",
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from multiprocessing.pool import ThreadPool\nfrom http import HTTPStatus\n",
    ),
    ("python", "signals of its own", "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n"),
    ("python", "import by name", "import importlib\nimportlib.import_module('json')\n"),
    ("python", "urllib.parse", "import urllib.parse\nprint(urllib.parse.quote('a b'))\n"),
    ("python", "a package that is not there", "import numpy as np\nimport nosuchthing\n"),
    ("python", "getpass, termios", "import getpass, termios, tty, select, curses\n"),
    ("javascript", "own file", "const fs = require('fs');\nfs.writeFileSync('a', 'b');\n"),
    ("javascript", "stdin as a file", "const s = require('fs').readFileSync(0, 'utf8');\n"),
    ("javascript", "eval", "console.log(eval('1+1'), new Function('return 1')());\n"),
    ("javascript", "dynamic import", "const os = await import('node:os');\n"),
    ("javascript", "worker", "const { Worker } = require('worker_threads');\n"),
    ("javascript", "a neighbour", "const a = require('./lib/helper'); import('./b.mjs');\n"),
    (
        "c",
        "unistd read",
        "#include <unistd.h>\n#include <termios.h>\n#include <sys/types.h>\n#include <poll.h>\n"
        "int main() { char c; return read(0, &c, 1); }\n",
    ),
    (
        "c",
        "threads and signals",
        "#include <pthread.h>\n#include <signal.h>\n#include <sys/ioctl.h>\n#include <fcntl.h>\n"
        "int main() { raise(SIGTERM); kill(getpid(), 9); }\n",
    ),
    ("c", "goto", "int main() { again: if (0) goto again; return 0; }\n"),
    ("c", "own file", '#include <stdio.h>\nint main() { FILE *f = fopen("a", "w"); }\n'),
    (
        "cpp",
        "own file",
        '#include <fstream>\nint main() { std::ofstream f("a"); f << 1; }\n',
    ),
    ("cpp", "extern C", '#include <thread>\nextern "C" int twice(int a) { return 2 * a; }\n'),
    (
        "rust",
        "unsafe",
        'fn main() { let x = 1; unsafe { println!("{}", *(&x as *const i32)); } }\n',
    ),
    ("rust", "own file", 'use std::{env, fs};\nfn main() { fs::write("a", "b").unwrap(); }\n'),
    ("rust", "own text", 'const T: &str = include_str!("text.txt");\nfn main() {}\n'),
    ("rust", "process id", 'fn main() { println!("{}", std::process::id()); }\n'),
    ("rust", "a callback for C", 'extern "C" fn cb(a: i32) -> i32 { a }\nfn main() {}\n'),
]

#: Look like a refused construct, and are the person's own, or only words.
LOOKALIKES = [
    ("python", "own system", "def system(x):\n    return x\nsystem('ls')\n"),
    ("python", "method exec", "class C:\n    def exec(self): ...\nC().exec()\ncursor.exec('x')\n"),
    ("python", "attribute os", "class A: ...\na = A()\na.os.system('x')\n"),
    ("python", "parameter socket", "def f(socket):\n    socket.send(b'')\n    socket.fork()\n"),
    ("python", "a name from a star import", "from mine import *\nlink.socket.os.system('x')\n"),
    ("python", "words", '"""import subprocess; os.system()"""\n# import socket\n'),
    ("python", "a name in a text", "print('__import__(\"subprocess\")')\n"),
    ("python", "relative import", "from . import subprocess\nfrom .socket import x\n"),
    ("javascript", "own fetch", "function fetch(x) { return x; }\nfetch(1);\n"),
    ("javascript", "own process", "function f(process) { process.dlopen(); }\n"),
    ("javascript", "own require", "const o = { fetch() {} }; o.fetch(); o.child_process = 1;\n"),
    ("javascript", "words", "// require('net')\nconsole.log(`require('net')`, \"fetch('x')\");\n"),
    ("javascript", "shadowed WebSocket", "class WebSocket {}\nnew WebSocket();\n"),
    ("javascript", "a child of mine", "const child = { exec() {} }; child.exec();\n"),
    (
        "c",
        "own connect",
        "void connect(int a, int b);\nint main() { connect(1, 2); }\n"
        "void connect(int a, int b) {}\n",
    ),
    ("c", "system_init", "int system_init(void) { return 0; }\nint main() { system_init(); }\n"),
    (
        "c",
        "variable named fork",
        "int main() { int fork = 2, clone[3]; return fork + clone[0]; }\n",
    ),
    (
        "c",
        "member",
        "struct S { int (*system)(int); };\nint f(struct S *s) { return s->system(1); }\n",
    ),
    ("c", "words", '/* system("x") <sys/socket.h> */\nchar *s = "fork()"; // fork();\n'),
    ("c", "enumerator", "enum { mount, fork };\nint main() { return fork; }\n"),
    (
        "c",
        "another system",
        "#include <stdio.h>\n#ifdef _WIN32\n#include <windows.h>\n"
        '#define CLEAR system("cls")\n'
        "#else\n"
        "#include <unistd.h>\n#endif\nint main() { return 0; }\n",
    ),
    ("c", "switched off", "#if 0\nint main() { fork(); }\n#endif\nint main() {}\n"),
    ("c", "function pointer", "int run(int (*system)(int)) { return system(1); }\n"),
    ("c", "own macro", "#define fork(x) (x)\nint main() { return fork(2); }\n"),
    (
        "cpp",
        "method",
        "struct N { void connect(); N* clone() const { return 0; } };\n"
        "void N::connect() { clone(); }\nint main() { N n; n.connect(); n.clone(); }\n",
    ),
    (
        "cpp",
        "philosophers",
        "#include <mutex>\n#include <vector>\nint main() {"
        " std::vector<std::mutex> forks(5); for (auto& fork : forks) fork.lock(); }\n",
    ),
    ("cpp", "lambda", "int main() { auto system = [](int a) { return a; }; return system(1); }\n"),
    ("cpp", "template", "template <class T> T fork(T a) { return a; }\nint x = fork(1);\n"),
    (
        "cpp",
        "bindings",
        "#include <tuple>\nint main() { auto [fork, b] = std::tuple(1, 2); return fork + b; }\n",
    ),
    (
        "rust",
        "own Command",
        "struct Command;\nimpl Command { fn new() -> Self { Command } }\n"
        "fn main() { Command::new(); }\n",
    ),
    (
        "rust",
        "own module",
        "mod net { pub fn go() {} }\nuse net::go;\nfn main() { net::go(); go(); }\n",
    ),
    (
        "rust",
        "own process",
        "mod process { pub struct Command; }\nuse crate::process::Command;\n"
        "fn main() { let _ = process::Command; }\n",
    ),
    (
        "rust",
        "words",
        '// std::process::Command\nfn main() { println!("std::net::TcpStream asm!"); }\n',
    ),
    ("rust", "own crate name", "mod libc { pub fn f() {} }\nfn main() { libc::f(); }\n"),
    ("rust", "a variable", "fn main() { let asm = 1; let unsafe_x = asm != 2; }\n"),
]


@pytest.mark.parametrize(("language", "shows", "source"), LESSONS)
def test_a_lesson_passes_every_policy(language: str, shows: str, source: str) -> None:
    for policy in Policy:
        findings = validate(language, [(f"main.{EXTENSION[language]}", source.encode())], policy)
        assert findings == [], shows


@pytest.mark.parametrize(("language", "shows", "source"), PROGRAMS + LOOKALIKES)
def test_an_ordinary_program_passes_the_standard_policy(
    language: str, shows: str, source: str
) -> None:
    name = f"main.{EXTENSION[language]}"
    assert validate(language, [(name, source.encode())], Policy.STANDARD) == [], shows


def test_own_files_may_be_included_and_imported() -> None:
    c = [
        ("main.c", b'#include "own.h"\n#include "lib/x.h"\nint main() { return system(1); }'),
        ("own.h", b"int system(int);"),
        ("lib/x.h", b'#include "../own.h"'),
        ("own.c", b"int system(int a) { return a; }"),
    ]
    assert validate("c", c, Policy.STANDARD) == []
    python = [
        ("main.py", b"import helper, socket\nfrom pkg.mod import x\nhelper.system()"),
        ("helper.py", b""),
        ("socket.py", b""),
        ("pkg/mod.py", b"x = 1"),
    ]
    assert validate("python", python, Policy.STRICT) == []
    rust = [
        ("main.rs", b"mod net;\nuse net::go;\nfn main() { go() }"),
        ("net.rs", b"pub fn go() {}"),
    ]
    assert validate("rust", rust, Policy.STANDARD) == []


def test_the_off_policy_looks_at_nothing() -> None:
    assert validate("python", [("main.py", b"import subprocess")], Policy.OFF) == []


def test_files_of_other_kinds_are_not_read_as_programs() -> None:
    files = [("main.py", b""), ("notes.txt", b"import subprocess")]
    assert validate("python", files, Policy.STRICT) == []
