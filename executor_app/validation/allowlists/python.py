"""Python. What ships with the language must be listed; other packages are the interpreter's matter,
unless `REFUSED` names them: it says "no module named …" better than we would."""

from ..findings import Reason
from . import words
from .reasons import (
    AROUND,
    EVALUATES,
    FILES,
    HOST,
    INSIDES,
    LIMITS,
    NATIVE,
    NETWORK,
    PROCESSES,
    RAW_CALLS,
    SHELL,
    TERMINALS,
)

#: Modules of the standard library that `standard` allows, with all that is inside but `REFUSED`.
STANDARD_MODULES = frozenset(
    words(
        """
        __future__ _thread abc argparse array ast asyncio atexit base64 bdb binascii bisect builtins
        bz2 cProfile calendar cmath cmd code codecs codeop collections colorsys concurrent
        configparser contextlib contextvars copy copyreg csv curses dataclasses datetime dbm decimal
        difflib dis doctest email encodings enum errno faulthandler fcntl filecmp fileinput fnmatch
        fractions functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib
        heapq hmac html importlib inspect io ipaddress itertools json keyword linecache locale
        logging lzma marshal math mimetypes mmap numbers opcode operator optparse os pathlib pdb
        pickle pickletools pkgutil platform plistlib posixpath pprint profile pstats pwd py_compile
        pyclbr pydoc queue quopri random re readline reprlib resource rlcompleter runpy sched
        secrets select selectors shelve shlex shutil signal site sqlite3 stat statistics string
        stringprep struct symtable sys sysconfig tabnanny tarfile tempfile termios textwrap this
        threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle
        types typing unicodedata unittest urllib uuid warnings wave weakref xml zipfile zipimport
        zlib zoneinfo
        """
    )
)

#: Dotted names, the longest match counts. A module stands for all that is inside it.
REFUSED: dict[str, Reason] = {
    "subprocess": PROCESSES,
    "_posixsubprocess": PROCESSES,
    "multiprocessing": PROCESSES,
    "_multiprocessing": PROCESSES,
    "concurrent.futures.ProcessPoolExecutor": PROCESSES,
    "concurrent.futures.process": PROCESSES,
    "asyncio.create_subprocess_exec": PROCESSES,
    "asyncio.create_subprocess_shell": PROCESSES,
    "asyncio.subprocess": PROCESSES,
    "pipes": PROCESSES,
    "webbrowser": PROCESSES,
    "pexpect": PROCESSES,
    "sh": PROCESSES,
    "os.system": SHELL,
    "posix": RAW_CALLS,
    **dict.fromkeys(
        [
            f"os.{name}"
            for name in words(
                """
                popen fork forkpty posix_spawn posix_spawnp execl execle execlp execlpe execv execve
                execvp execvpe spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe
                startfile
                """
            )
        ],
        PROCESSES,
    ),
    "os.openpty": TERMINALS,
    "pty": TERMINALS,
    **dict.fromkeys(
        [
            f"os.{name}"
            for name in words(
                """
                chroot setuid setgid seteuid setegid setreuid setregid setresuid setresgid setgroups
                initgroups mknod pidfd_open
                """
            )
        ],
        HOST,
    ),
    **dict.fromkeys(
        words(
            """
            socket _socket socketserver ssl _ssl http urllib.request urllib.robotparser ftplib
            smtplib smtpd poplib imaplib nntplib telnetlib xmlrpc asyncore asynchat wsgiref cgi
            antigravity requests httpx aiohttp urllib3 websocket websockets paramiko flask twisted
            asyncio.open_connection asyncio.open_unix_connection asyncio.start_server
            asyncio.start_unix_server logging.config.listen logging.handlers.SocketHandler
            logging.handlers.DatagramHandler logging.handlers.HTTPHandler
            logging.handlers.SMTPHandler logging.handlers.SysLogHandler
            """
        ),
        NETWORK,
    ),
    "ctypes": NATIVE,
    "_ctypes": NATIVE,
    "cffi": NATIVE,
    "_cffi_backend": NATIVE,
    "imp": NATIVE,
    "_imp": NATIVE,
    "importlib.machinery.ExtensionFileLoader": NATIVE,
    "_winapi": RAW_CALLS,
    "resource.setrlimit": LIMITS,
    "resource.prlimit": LIMITS,
    "venv": PROCESSES,
    "ensurepip": PROCESSES,
    "distutils": PROCESSES,
    "pip": PROCESSES,
}

#: Allowed although something shorter above is refused: they are threads, or only count.
EXCEPTIONS = frozenset(
    {
        "multiprocessing.dummy",
        "multiprocessing.pool.ThreadPool",
        "multiprocessing.cpu_count",
        "http.HTTPStatus",
    }
)

#: Loaded before any program starts: a file of the same name does not replace them.
ALREADY_LOADED = frozenset({"builtins", "os", "posix", "sys", "importlib", "_imp"})

STRICT_MODULES = frozenset(
    words(
        """
        __future__ abc array base64 binascii bisect calendar cmath collections colorsys contextlib
        copy csv dataclasses datetime decimal difflib enum fractions functools getpass graphlib
        hashlib heapq itertools json keyword locale math numbers operator pprint queue random re
        reprlib secrets statistics string struct sys textwrap threading time timeit types typing
        unicodedata uuid warnings zoneinfo
        """
    )
)

STRICT_REFUSED: dict[str, Reason] = {
    "builtins.eval": EVALUATES,
    "builtins.exec": EVALUATES,
    "builtins.compile": EVALUATES,
    "builtins.__import__": AROUND,
    "builtins.open": FILES,
    "builtins.__builtins__": INSIDES,
    "builtins.__loader__": INSIDES,
    "builtins.__spec__": INSIDES,
    **dict.fromkeys(
        [
            f"builtins.{name}"
            for name in words("getattr setattr delattr globals locals vars breakpoint")
        ],
        INSIDES,
    ),
    **dict.fromkeys(
        [
            f"sys.{name}"
            for name in words(
                """
                modules path path_hooks path_importer_cache meta_path settrace setprofile
                addaudithook breakpointhook displayhook
                """
            )
        ],
        INSIDES,
    ),
}

#: Attributes with two underscores on both sides that a lesson on classes needs.
STRICT_DUNDERS = frozenset(
    words(
        """
        __init__ __new__ __str__ __repr__ __name__ __qualname__ __doc__ __len__ __eq__ __ne__ __lt__
        __le__ __gt__ __ge__ __hash__ __iter__ __next__ __getitem__ __setitem__ __delitem__
        __contains__ __call__ __add__ __radd__ __iadd__ __sub__ __mul__ __truediv__ __floordiv__
        __mod__ __pow__ __neg__ __abs__ __bool__ __int__ __float__ __enter__ __exit__ __post_init__
        __class__ __format__ __getattr__ __setattr__ __init_subclass__ __set_name__ __annotations__
        __version__ __members__
        """
    )
)
