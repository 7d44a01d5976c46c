"""Rust. Paths are written from `std`; `core` and `alloc` count as `std`. The longest match counts,
and a path stands for all that is below it."""

from ..findings import Reason
from . import words
from .reasons import (
    ASSEMBLY,
    FILES,
    HOST,
    NATIVE,
    NETWORK,
    PROCESSES,
    RAW_CALLS,
)

REFUSED_PATHS: dict[str, Reason] = {
    "std::process::Command": PROCESSES,
    "std::process::Child": PROCESSES,
    "std::os::unix::process": PROCESSES,
    "std::os::linux::process": PROCESSES,
    "std::net": NETWORK,
    "std::os::unix::net": NETWORK,
    "std::os::linux::net": NETWORK,
    "std::os::unix::fs::chroot": HOST,
    "std::arch::asm": ASSEMBLY,
    "std::arch::global_asm": ASSEMBLY,
    "std::arch::naked_asm": ASSEMBLY,
}

#: The first part of a path that names somebody else's crate.
REFUSED_CRATES: dict[str, Reason] = {
    **dict.fromkeys(words("libc nix rustix syscalls linux_raw_sys winapi"), RAW_CALLS),
    **dict.fromkeys(words("libloading dlopen libffi"), NATIVE),
    **dict.fromkeys(words("reqwest hyper socket2 mio ureq tokio"), NETWORK),
}

REFUSED_MACROS: dict[str, Reason] = dict.fromkeys(
    words("asm global_asm naked_asm llvm_asm"), ASSEMBLY
)

#: Macros that read a file while the program is compiled.
INCLUDING_MACROS = frozenset({"include", "include_str", "include_bytes"})

REFUSED_ATTRIBUTES: dict[str, Reason] = {
    "link": NATIVE,
    "link_args": NATIVE,
    "link_section": ASSEMBLY,
}

STRICT_PATHS = frozenset(
    f"std::{name}"
    for name in words(
        """
        alloc::Layout any array ascii borrow boxed cell char clone cmp collections convert default
        error env::args env::Args f32 f64 fmt format future hash hint i8 i16 i32 i64 i128 isize u8
        u16 u32 u64 u128 usize io iter marker mem num ops option panic pin prelude primitive
        process::exit process::abort process::ExitCode process::Termination rc result slice str
        string sync task thread time vec print println eprint eprintln assert assert_eq assert_ne
        write writeln matches dbg todo unreachable unimplemented concat stringify line file column
        bool
        """
    )
)

STRICT_REFUSED_PATHS: dict[str, Reason] = {
    "std::fs": FILES,
    "std::path": FILES,
    "std::os": RAW_CALLS,
    "std::env": HOST,
    "std::mem::transmute": NATIVE,
    "std::ffi": NATIVE,
    "std::ptr": NATIVE,
}
