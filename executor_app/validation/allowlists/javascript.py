"""JavaScript under Node. Modules that ship with Node must be listed; an installed package or a file
is Node's matter. Names with dots are globals and what hangs on them."""

from ..findings import Reason
from . import words
from .reasons import (
    AROUND,
    EVALUATES,
    FILES,
    HOST,
    INSIDES,
    NATIVE,
    NETWORK,
    PROCESSES,
    RAW_CALLS,
    TERMINALS,
)

#: What Node itself brings; anything else is a package.
NODE_MODULES = frozenset(
    words(
        """
        assert async_hooks buffer child_process cluster console constants crypto dgram
        diagnostics_channel dns domain events fs http http2 https inspector module net os path
        perf_hooks process punycode querystring readline repl sea sqlite stream string_decoder sys
        test timers tls trace_events tty url util v8 vm wasi worker_threads zlib
        """
    )
)

STANDARD_MODULES = frozenset(
    words(
        """
        assert async_hooks buffer console constants crypto diagnostics_channel domain events fs os
        path perf_hooks process punycode querystring readline repl sqlite stream string_decoder sys
        test timers tty url util v8 vm worker_threads zlib
        """
    )
)

REFUSED_MODULES: dict[str, Reason] = {
    "child_process": PROCESSES,
    "cluster": PROCESSES,
    **dict.fromkeys(words("net dgram dns http http2 https tls inspector"), NETWORK),
    **dict.fromkeys(words("_http_agent _http_client _http_server _tls_wrap _tls_common"), NETWORK),
    "module": AROUND,
    "wasi": NATIVE,
    # Packages: only reached if somebody installed them.
    **dict.fromkeys(words("ffi-napi ffi koffi bindings"), NATIVE),
    **dict.fromkeys(words("axios node-fetch undici ws express socket.io"), NETWORK),
    **dict.fromkeys(words("execa shelljs cross-spawn"), PROCESSES),
    "node-pty": TERMINALS,
}

REFUSED: dict[str, Reason] = {
    "process.binding": RAW_CALLS,
    "process._linkedBinding": RAW_CALLS,
    "process.dlopen": NATIVE,
    **dict.fromkeys(
        [f"process.{name}" for name in words("setuid setgid seteuid setegid setgroups initgroups")],
        HOST,
    ),
    **dict.fromkeys(words("fetch WebSocket EventSource"), NETWORK),
}

STRICT_MODULES = frozenset(
    words(
        """
        assert buffer console events path perf_hooks process querystring readline string_decoder
        timers url util
        """
    )
)

STRICT_REFUSED_MODULES: dict[str, Reason] = {"fs": FILES, "vm": EVALUATES, "sqlite": FILES}

STRICT_REFUSED: dict[str, Reason] = {
    "eval": EVALUATES,
    "Function": EVALUATES,
    "WebAssembly": NATIVE,
    "Reflect": INSIDES,
    "Proxy": INSIDES,
}

#: Under `strict`, what of `process` a lesson needs.
STRICT_PROCESS = frozenset(
    words(
        """
        argv exit exitCode stdin stdout stderr on once off hrtime nextTick uptime platform version
        versions memoryUsage emitWarning title pid arch
        """
    )
)

#: Under `strict`, properties that lead from any object to the language's insides.
STRICT_PROPERTIES = frozenset({"__proto__", "__defineGetter__", "__lookupGetter__"})
