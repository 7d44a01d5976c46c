"""Programs that look at how they were started, and ways to end: for comparing two ways to start."""

from __future__ import annotations

from typing import Final

FACTS_IN_PYTHON: Final = r"""
import sys, os, fcntl, gc, inspect, locale, resource, signal, stat, termios, threading
main = sys.modules["__main__"]
print(sys.argv, sys.orig_argv, __file__, __name__, __package__, type(__loader__), __spec__)
print(list(vars(main)), sys.path, sys.flags, sys.executable, sys.prefix)
print(sorted(sys.modules), sorted(sys.path_importer_cache))
print(locale.getlocale(), sys.stdin, sys.stdout, sys.stdout.line_buffering, sys.stdin.isatty())
print(os.get_terminal_size(0), os.get_terminal_size(2), termios.tcgetattr(0))
print(os.getpid(), os.getppid(), os.getpgrp(), os.getsid(0), os.tcgetpgrp(0), os.umask(0))
print(open("/proc/self/limits").read(), open("/proc/self/cgroup").read())
wanted = ("Name", "Uid", "Groups", "Cap", "Sec", "NoNew", "Sig", "Shd", "Threads", "NSpid", "FDS")
print([line for line in open("/proc/self/status") if line.startswith(wanted)])
for fd in sorted(os.listdir("/proc/self/fd")):
    try:
        kind = stat.S_IFMT(os.stat(f"/proc/self/fd/{fd}").st_mode)
        print(fd, kind, fcntl.fcntl(int(fd), fcntl.F_GETFL), fcntl.fcntl(int(fd), fcntl.F_GETFD))
    except OSError as error:
        print(fd, error)
for path in (__file__, "."):
    state = os.stat(path)
    print(oct(state.st_mode), state.st_uid, state.st_gid, state.st_nlink)
print(os.stat(__file__).st_size, os.listdir("."), os.listdir("/tmp"), os.listdir("/dev/shm"))
print(inspect.getsource(main) == open(__file__).read())
print(os.statvfs("."), sorted(os.environ.items()), os.getcwd())
print(os.nice(0), os.sched_getaffinity(0), os.sched_getscheduler(0))
print({str(n): str(signal.getsignal(n)) for n in signal.valid_signals()})
print(signal.pthread_sigmask(signal.SIG_BLOCK, []), threading.active_count(), gc.get_threshold())
print(open("/proc/self/cmdline").read(), open("/proc/self/oom_score_adj").read())
print(sorted(name for name in os.listdir("/proc") if name.isdigit()))
sys.exit(7)
"""
FACTS_IN_JAVASCRIPT: Final = r"""
const fs = require("fs");
console.log(process.argv, process.execArgv, process.env, process.pid, process.ppid, process.title);
console.log(__filename, __dirname, require.main === module, module.paths, module.id, process.cwd());
console.log(Object.keys(require.cache), module.children.length, process.umask(), process.getuid());
console.log(process.stdout.isTTY, process.stdin.isTTY, process.stdout.columns, process.stdout.rows);
console.log(process.features, process.getActiveResourcesInfo(), process.moduleLoadList.length);
console.log(fs.readFileSync("/proc/self/limits", "utf8"), fs.readdirSync("."));
for (const fd of fs.readdirSync("/proc/self/fd")) {
  try { console.log(fd, fs.fstatSync(+fd).mode); } catch (error) { console.log(fd, error.code); }
}
const wanted = /^(Name|Uid|Groups|Cap|Sec|NoNew|Sig|Shd|Threads|NSpid)/;
const lines = fs.readFileSync("/proc/self/status", "utf8").split("\n");
console.log(lines.filter((line) => wanted.test(line)));
console.log(require("v8").getHeapStatistics().heap_size_limit, process.listenerCount("SIGWINCH"));
console.log(fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)));
console.log(fs.statSync(__filename).mode, fs.readFileSync(__filename, "utf8").length);
process.exitCode = 5;
"""

# What each is in, and the text of its main file.
PROGRAMS: Final[dict[str, tuple[str, str | bytes]]] = {
    "facts": ("python", FACTS_IN_PYTHON),
    "traceback": ("python", "def f():\n    return 1/0\nf()\n"),
    "syntax error": ("python", "x = 1\nif x\n    print(x)\n"),
    "open bracket": ("python", "print('a'\n"),
    "indentation": ("python", "def f():\n  x = 1\n     y = 2\n"),
    "open text": ("python", "s = '''abc\n"),
    "not UTF-8": ("python", b"print('\xff\xfe')\n"),
    "says UTF-8": ("python", "# -*- coding: utf-8 -*-\nprint('h\u00e9', ascii('\u00e9'))\n"),
    "says utf_8": ("python", "#!x\n# coding=UTF_8-unix\nprint('h\u00e9', ascii('\u00e9'))\n"),
    "lines of DOS": ("python", b"print(1)\r\nx = '''a\r\nb'''\r\nprint(ascii(x))\r\n1/0\r\n"),
    "lines of old Macs": ("python", b"print(1)\rprint(2)\r"),
    "no last newline": ("python", "print(1)"),
    "nothing": ("python", ""),
    "much": ("python", "x = 0\n" * 40000 + "print('end', x)\n1/0\n"),
    "killed": ("python", "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n"),
    "bad memory": ("python", "import ctypes\nctypes.string_at(0)\n"),
    "questions": ("python", "import getpass\nprint(input('who? '), getpass.getpass('pw '))\n"),
    "warning": ("python", "x = 1 is 1\nimport warnings\nwarnings.warn('old')\n"),
    "itself again": (
        "python",
        "import os, sys\nif len(sys.argv) == 1:\n"
        "    os.execv(sys.executable, [sys.executable, __file__, 'again'])\nprint(sys.argv)\n",
    ),
    "spawned": (
        "python",
        "import multiprocessing\ndef square(x): return x * x\nif __name__ == '__main__':\n"
        "    multiprocessing.set_start_method('spawn')\n"
        "    with multiprocessing.Pool(1) as pool: print(pool.map(square, [1, 2, 3]))\n",
    ),
    "processes": (
        "python",
        "import os, time\ncount = 0\ntry:\n    while True:\n"
        "        if os.fork() == 0: time.sleep(60)\n        count += 1\n"
        "except OSError as error: print(count, error, flush=True)\ntime.sleep(60)\n",
    ),
    "memory": ("python", "x = []\nwhile True: x.append(bytearray(1 << 20))\n"),
    "disk": (
        "python",
        "import itertools\nfor n in itertools.count():\n"
        "    with open(str(n), 'wb') as file: file.write(bytes(8 << 20))\n",
    ),
    "facts of Node": ("javascript", FACTS_IN_JAVASCRIPT),
    "thrown": ("javascript", "function f() { throw new Error('x') }\nf()\n"),
    "syntax error of JavaScript": ("javascript", "let x = 1;\nif (x {\n}\n"),
    "module": ("javascript", "import fs from 'node:fs';\nconsole.log(import.meta.url, await 3);\n"),
    "wrong module": ("javascript", "import fs from 'node:fs';\nlet x = ;\n"),
    "hash-bang": ("javascript", "#!/usr/bin/env node\nconsole.log(1)\n"),
    "byte order mark": ("javascript", "\ufeffconsole.log('mark')\n"),
    "nothing of JavaScript": ("javascript", ""),
    "much of JavaScript": ("javascript", "//" + "x" * 500000 + "\nconsole.log('big'); throw 3"),
    "timers": (
        "javascript",
        "const then = process.hrtime.bigint();\n"
        "setTimeout(() => console.log(process.hrtime.bigint() - then >= 299000000n), 300);\n"
        "process.nextTick(() => console.log('next'));\n",
    ),
    "question of Node": (
        "javascript",
        "const r = require('readline').createInterface({input: process.stdin,"
        " output: process.stdout});\nr.question('who? ', (a) => { console.log(a); r.close(); });\n",
    ),
    "rejected": ("javascript", "Promise.reject(new Error('r'))"),
    "worker": (
        "javascript",
        "const w = require('worker_threads');\nif (w.isMainThread) new w.Worker(__filename)"
        ".on('exit', (c) => console.log(c)); else console.log('in');\n",
    ),
}  # fmt: skip
ANSWERS: Final = {"questions": ["Ada", "secret"], "question of Node": ["Ada"]}
# Of several files, the first being the main one.
FILES: Final[dict[str, tuple[str, list[tuple[str, bytes]]]]] = {
    "a package": (
        "python",
        [
            ("main.py", b"import os, lib.inner\nprint(os.listdir('.'), os.listdir('lib'))\n"),
            ("lib/inner.py", b"print(__file__)\nopen('data.txt').read()\n"),
            ("data.txt", b"x"),
        ],
    ),
    "what is required": (
        "javascript",
        [
            ("main.js", b"console.log(require('./lib'), require('./data.json'))"),
            ("lib.js", b"module.exports = __filename"),
            ("data.json", b"[1]"),
        ],
    ),
}
# These would show that their interpreter has waited, or would be read in another way.
LATE: Final[dict[str, tuple[str, list[tuple[str, bytes]]]]] = {
    "another encoding": ("python", [("main.py", b"# coding: latin-1\nprint(ascii('\xe9'))\n")]),
    "in its second line": ("python", [("main.py", b"#\n#coding=latin-1\nprint(ascii('\xe9'))\n")]),
    "an unknown encoding": ("python", [("main.py", b"# coding: nonsense\nprint(1)\n")]),
    "a mark": ("python", [("main.py", b"\xef\xbb\xbfprint('mark')\n")]),
    "a zero": ("python", [("main.py", b"print(1)\n\x00")]),
    "more than a pipe": ("python", [("main.py", b"x = 'aaaaaaaa'\n" * 80000 + b"print(x)\n")]),
    "the user's own": (
        "python",
        [
            ("main.py", b"import sys; print('usercustomize' in sys.modules)"),
            (".local/lib/python3.11/site-packages/usercustomize.py", b"print('first')"),
        ],
    ),
    "clocks": (
        "javascript",
        [("main.js", b"console.log(performance.now() < 60000, process.uptime() < 60)")],
    ),
    "what modules are": (
        "javascript",
        [
            ("main.js", b"import './lib.js'; console.log(import.meta.url)"),
            ("lib.js", b"console.log(typeof require)"),
            ("package.json", b'{"type": "module"}'),
        ],
    ),
    "a module by its name": ("javascript", [("main.mjs", b"console.log(import.meta.url)")]),
}
