"""What the policies turn away, and the place they name. `§` in a source marks an expected place."""

import pytest

from executor_app.validation import Finding, Policy, validate

EXTENSION = {"python": "py", "javascript": "js", "c": "c", "cpp": "cpp", "rust": "rs"}
MARK = "§"

#: Language, marked source, the constructs at the marks in their order.
STANDARD: list[tuple[str, str, list[str]]] = [
    # Python
    ("python", "import §subprocess\nsubprocess.run(['ls'])", ["subprocess"]),
    ("python", "import os, §socket as s, sys", ["socket"]),
    ("python", "§from subprocess import run, PIPE", ["subprocess"]),
    ("python", "import os\n§os.system('ls')", ["os.system"]),
    ("python", "import os as o\nif 1:\n    §o.system('ls')", ["os.system"]),
    ("python", "from os import path, §system", ["os.system"]),
    ("python", "from os import §fork as f\nf()", ["os.fork"]),
    ("python", "from os import *\n§system('x')", ["os.system"]),
    ("python", "import os\nrun = §os.popen\nrun('x')", ["os.popen"]),
    ("python", "import os\np = os\n§p.execv('/bin/sh', [])", ["os.execv"]),
    ("python", "import os\n§getattr(os, 'system')('ls')", ["os.system"]),
    ("python", "§__import__('subprocess').run('ls')", ["subprocess"]),
    ("python", "§__import__('os').system('ls')", ["os.system"]),
    ("python", "load = __import__\n§load('socket')", ["socket"]),
    ("python", "import importlib\n§importlib.import_module('ctypes')", ["ctypes"]),
    ("python", "from importlib import import_module as m\n§m('pty')", ["pty"]),
    ("python", "import sys\n§sys.modules['os'].system('x')", ["os.system"]),
    ("python", "import shutil\n§shutil.os.system('x')", ["os.system"]),
    ("python", "import builtins\n§builtins.__import__('socket')", ["socket"]),
    ("python", "import §multiprocessing", ["multiprocessing"]),
    (
        "python",
        "import concurrent.futures as c\n§c.ProcessPoolExecutor()",
        ["concurrent.futures.ProcessPoolExecutor"],
    ),
    (
        "python",
        "import asyncio\nasyncio.run(§asyncio.create_subprocess_shell('x'))",
        ["asyncio.create_subprocess_shell"],
    ),
    ("python", "import asyncio\n§asyncio.start_server()", ["asyncio.start_server"]),
    ("python", "import §urllib.request\nimport urllib.parse", ["urllib.request"]),
    ("python", "from urllib import §request", ["urllib.request"]),
    ("python", "import §http.server, §ssl, §requests", ["http", "ssl", "requests"]),
    ("python", "§from ctypes import CDLL, c_int", ["ctypes"]),
    ("python", "import §cffi, §_posixsubprocess, §posix", ["cffi", "_posixsubprocess", "posix"]),
    ("python", "import resource\n§resource.setrlimit(1, (2, 3))", ["resource.setrlimit"]),
    ("python", "é = 'ä'; import §socket", ["socket"]),
    ("python", "x = '''\n\n'''\r\n\r\nimport §socket", ["socket"]),
    ("python", "\ufeffimport §socket", ["socket"]),
    ("python", "try:\n  pass\nfinally:\n  import §_winapi", ["_winapi"]),
    # JavaScript
    ("javascript", "const { exec } = require(§'child_process');\nexec('ls');", ["child_process"]),
    ("javascript", "import { spawn as s } from §'node:child_process';", ["child_process"]),
    ("javascript", 'import net, * as x from §"net";', ["net"]),
    ("javascript", "const h = await import(§'http');", ["http"]),
    ("javascript", "export * from §'dgram';", ["dgram"]),
    ("javascript", "require(§`https`).get('x');", ["https"]),
    ("javascript", "const r = require;\nr(§'tls');", ["tls"]),
    ("javascript", "process.mainModule.require(§'cluster');", ["cluster"]),
    ("javascript", "module.require(§'child_\\x70rocess');", ["child_process"]),
    ("javascript", "process.getBuiltinModule(§'net');", ["net"]),
    ("javascript", "§process.binding('spawn_sync');", ["process.binding"]),
    ("javascript", "§process['dlopen']({}, 'x');", ["process.dlopen"]),
    ("javascript", "const p = globalThis.process;\n§p.dlopen();", ["process.dlopen"]),
    ("javascript", "const §{ dlopen, exit } = process;", ["process.dlopen"]),
    ("javascript", "import { §binding as b } from 'process';", ["process.binding"]),
    ("javascript", "§require('process').binding('x');", ["process.binding"]),
    ("javascript", "§fetch('http://x');", ["fetch"]),
    ("javascript", "const f = §globalThis.fetch;", ["fetch"]),
    ("javascript", "new §WebSocket('ws://x');", ["WebSocket"]),
    ("javascript", "require(§'./addon.node');", ["./addon.node"]),
    ("javascript", "require(§'/etc/passwd');", ["/etc/passwd"]),
    ("javascript", "const { createRequire } = require(§'module');", ["module"]),
    ("javascript", "let x = ;\nrequire(§'net')", ["net"]),
    # C
    ("c", "#include §<sys/socket.h>\n#include <stdio.h>", ["sys/socket.h"]),
    ("c", "#include §<netinet/in.h>\n#  include §<linux/bpf.h>", ["netinet/in.h", "linux/bpf.h"]),
    ("c", '#include §"sys/ptrace.h"', ["sys/ptrace.h"]),
    ("c", '#include §"/etc/passwd"\n#include §"../secret.h"', ["/etc/passwd", "../secret.h"]),
    ("c", "#include §<./sys/../../x.h>", ["./sys/../../x.h"]),
    ("c", "#include_next §<dlfcn.h>", ["dlfcn.h"]),
    ("c", "#include §<nosuch.h>", ["nosuch.h"]),
    ("c", "#include §<windows.h>", ["windows.h"]),
    ("c", '#include <stdlib.h>\nint main() { §system("ls"); }', ["system"]),
    ("c", "int main() { if (§fork() == 0) §execlp(0, 0); }", ["fork", "execlp"]),
    ("c", "int main() { int (*f)(const char *) = §system; f(0); }", ["system"]),
    ("c", "int §system(const char *);", ["system"]),
    ("c", "#define RUN §system\nint main() { RUN(0); }", ["system"]),
    ("c", "#define H §<sys/mount.h>\n#include H", ["sys/mount.h"]),
    ("c", '#define X(a) "system" /* fork */ a §popen(a, 0)', ["popen"]),
    ("c", 'int main() { §asm("nop"); §__asm__ volatile("nop"); }', ["asm", "asm"]),
    ("c", "long f() { return §syscall(39); }", ["syscall"]),
    (
        "c",
        "int main() { §dlopen(0, 1); §ptrace(0); §unshare(1); }",
        ["dlopen", "ptrace", "unshare"],
    ),
    ("c", "#define _WIN32\n#ifdef _WIN32\nint main() { §fork(); }\n#endif", ["fork"]),
    (
        "c",
        "#ifndef _WIN32\nint main() { §fork(); }\n#else\nint main() { fork(); }\n#endif",
        ["fork"],
    ),
    # C++
    ("cpp", '#include <cstdlib>\nint main() { §std::system("ls"); }', ["system"]),
    ("cpp", 'int main() { §::system("ls"); }', ["system"]),
    ("cpp", "using §std::system;", ["system"]),
    ("cpp", "struct A { int system; };\nint main() { std::cin; §std::system(0); }", ["system"]),
    ("cpp", "namespace n { void f() { §vfork(); } }", ["vfork"]),
    ("cpp", 'extern "C" int §socket(int, int, int);', ["socket"]),
    ("cpp", "auto f = [] { return §popen(0, 0); };", ["popen"]),
    ("cpp", 'template <class T> void f(T) { §asm("nop"); }', ["asm"]),
    ("cpp", "#include §<boost/asio.hpp>\n#include <boost/format.hpp>", ["boost/asio.hpp"]),
    ("cpp", "#include §<arpa/inet.h>", ["arpa/inet.h"]),
    # Rust
    ("rust", "use std::process::{§Command, exit};", ["std::process::Command"]),
    (
        "rust",
        "use §std::process::Command as C;\nfn main() { C::new(0); }",
        ["std::process::Command"],
    ),
    (
        "rust",
        "use std::process as p;\nfn main() { §p::Command::new(0); }",
        ["std::process::Command"],
    ),
    ("rust", "use std::process::*;\nfn main() { §Command::new(0); }", ["std::process::Command"]),
    ("rust", "fn main() { §std::process::Command::new(0); }", ["std::process::Command"]),
    ("rust", "use std::{io, §net::{TcpStream, UdpSocket}};", ["std::net"]),
    ("rust", "use §std::net::TcpStream;", ["std::net"]),
    ("rust", "use std as s;\nfn main() { §s::net::TcpStream::connect(0); }", ["std::net"]),
    (
        "rust",
        'fn main() { println!("{}", §std::process::Command::new(0)); }',
        ["std::process::Command"],
    ),
    ("rust", "fn f() -> §std::os::unix::net::UnixStream {}", ["std::os::unix::net"]),
    ("rust", "use std::os::unix::{fs, §process::CommandExt};", ["std::os::unix::process"]),
    ("rust", "use §core::arch::asm;", ["std::arch::asm"]),
    (
        "rust",
        'fn main() { unsafe { §asm!("nop"); §std::arch::asm!("nop"); } }',
        ["asm!", "std::arch::asm"],
    ),
    ("rust", '§extern "C" { fn system(a: *const u8) -> i32; }', ["extern"]),
    ("rust", '#[§link(name = "c")]\n§extern {}', ["link", "extern"]),
    ("rust", "§extern crate libc;\nfn main() {}", ["libc"]),
    ("rust", "use §libc::{fork, system};", ["libc"]),
    ("rust", 'const A: &str = §include_str!("/etc/passwd");', ["include_str!"]),
    ("rust", 'const A: &[u8] = §include_bytes!(concat!("..", "/x"));', ["include_bytes!"]),
    ("rust", '§include!("a/../../b");', ["include!"]),
    ("rust", '#[path = §"/etc/x.rs"]\nmod a;', ["/etc/x.rs"]),
    ("rust", '#[§link_section = ".text"]\nstatic A: [u8; 1] = [0];', ["link_section"]),
]

STRICT: list[tuple[str, str, list[str]]] = [
    ("python", "x = §eval(input())", ["eval"]),
    ("python", "§exec('1'); §compile('1', '', 'exec')", ["exec", "compile"]),
    ("python", "with §open('a') as f: pass", ["open"]),
    ("python", "import §os", ["os"]),
    ("python", "from §pathlib import Path".replace("from §", "§from "), ["pathlib"]),
    ("python", "import numpy".replace("numpy", "§numpy"), ["numpy"]),
    ("python", "x = §().__class__.__bases__[0].__subclasses__()", ["__bases__", "__subclasses__"]),
    ("python", "§getattr('', 'a')", ["getattr"]),
    ("python", "import sys\n§sys.modules", ["sys.modules"]),
    ("python", "import random\n§random._os", ["random._os"]),
    ("python", "§__import__('math')", ["__import__"]),
    ("javascript", "require(§'fs')", ["fs"]),
    ("javascript", "§eval('1'); new §Function('1')", ["eval", "Function"]),
    ("javascript", "(0, §eval)('1')", ["eval"]),
    ("javascript", "(() => 1).constructor('1')".replace("(() ", "§(() "), ["constructor"]),
    ("javascript", "§require('f' + 's')", ["require"]),
    ("javascript", "§process.kill(1)", ["process.kill"]),
    ("javascript", "require(§'lodash')", ["lodash"]),
    ("c", "#include §<unistd.h>", ["unistd.h"]),
    ("c", "int main() { again: §goto again; }", ["goto"]),
    ("c", '#include <stdio.h>\nint main() { §fopen("a", "r"); }', ["fopen"]),
    ("cpp", "#include §<fstream>", ["fstream"]),
    ("cpp", '#include <bits/stdc++.h>\nint main() { §std::ofstream f("a"); }', ["ofstream"]),
    ("cpp", 'using namespace std;\nint main() { §ifstream f("a"); }', ["ifstream"]),
    ("rust", "fn main() { §unsafe {} }", ["unsafe"]),
    ("rust", "use §std::fs::File;", ["std::fs"]),
    ("rust", "use std::env;\nfn main() { env::args(); §env::set_var(1, 2); }", ["std::env"]),
    ("rust", "use §std::process::Command;", ["std::process::Command"]),
    ("rust", "fn f() { §std::mem::transmute(1) }", ["std::mem::transmute"]),
]


def findings(language: str, source: str, policy: Policy) -> list[Finding]:
    return validate(language, [(f"main.{EXTENSION[language]}", source.encode())], policy)


def unmarked(source: str) -> tuple[str, list[tuple[int, int]]]:
    """The source without its marks, and the line and column of each."""
    pieces = source.split(MARK)
    places = []
    for count in range(1, len(pieces)):
        before = "".join(pieces[:count]).removeprefix("\ufeff").replace("\r\n", "\n")
        places.append((before.count("\n") + 1, len(before) - before.rfind("\n")))
    return "".join(pieces), places


def assert_refused(language: str, marked: str, constructs: list[str], policy: Policy) -> None:
    source, places = unmarked(marked)
    found = findings(language, source, policy)
    assert [finding.construct for finding in found] == constructs
    expected = places if len(places) == len(constructs) else places * len(constructs)
    assert [(finding.line, finding.column) for finding in found] == expected
    for finding in found:
        assert finding.policy is policy
        assert f"`{finding.construct}`" in finding.message
        assert f"`{policy}` policy" in finding.message
        assert finding.message.endswith(".")


@pytest.mark.parametrize(("language", "marked", "constructs"), STANDARD)
def test_an_attempt_on_the_host_is_refused_where_it_stands(
    language: str, marked: str, constructs: list[str]
) -> None:
    assert_refused(language, marked, constructs, Policy.STANDARD)


@pytest.mark.parametrize(("language", "marked", "constructs"), STANDARD)
def test_what_the_standard_policy_refuses_the_strict_one_does_too(
    language: str, marked: str, constructs: list[str]
) -> None:
    assert findings(language, unmarked(marked)[0], Policy.STRICT)


@pytest.mark.parametrize(("language", "marked", "constructs"), STRICT)
def test_what_is_not_taught_is_refused_by_the_strict_policy(
    language: str, marked: str, constructs: list[str]
) -> None:
    assert_refused(language, marked, constructs, Policy.STRICT)


def test_every_file_of_the_language_is_checked_and_named() -> None:
    files = [("main.py", b"import a"), ("a.py", b"\nimport socket"), ("b.txt", b"import socket")]
    (finding,) = validate("python", files, Policy.STANDARD)
    assert (finding.file, finding.line, finding.column) == ("a.py", 2, 8)


def test_the_first_file_is_checked_whatever_it_is_called() -> None:
    assert validate("python", [("program", b"import socket")], Policy.STANDARD)


def test_a_file_named_like_a_loaded_module_does_not_stand_in_for_it() -> None:
    files = [("main.py", b"import os\nos.system('x')"), ("os.py", b"")]
    assert validate("python", files, Policy.STANDARD)


def test_a_coding_cookie_hides_nothing() -> None:
    source = b"# -*- coding: utf-7 -*-\n+AGkAbQBwAG8AcgB0- socket\n"
    assert [f.construct for f in validate("python", [("m.py", source)], Policy.STANDARD)] == [
        "socket"
    ]


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(KeyError):
        validate("cobol", [("main.cob", b"")], Policy.STANDARD)
