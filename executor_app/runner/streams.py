"""The program's standard streams: a terminal, or plain pipes with exact bytes.

A terminal is a PTY for stdin and stdout and a second one for stderr, so that every language
buffers by line and the two streams stay apart. `ONLCR` is off (bytes as written) and so is `ECHO`
(what the program writes and nothing else; the page shows what is typed). We keep the slave of
stdin open: it answers how much input is unread, and polling it makes the kernel deliver what is
still in its work queue (n_tty_poll flushes), which closes the race between the two.

A key that makes a signal, such as Ctrl-C, is not written to the terminal: we do what it means.
The kernel would send the signal first and then throw away what it still holds of the program's
*output* too (isig in n_tty.c), the answer to the signal with it.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import termios
from typing import Final

from executor_app.protocol import Stream

# Reading a PTY gives at most 4 KB a call; pipes give as much as they hold.
READ_BYTES: Final = 64 * 1024
PIPE_BYTES: Final = 256 * 1024
VEOF: Final = b"\x04"
# Besides a newline: what ends a line, or makes a signal, in a terminal's line mode (termios(3)).
LINE_ENDS: Final = (
    termios.VEOF, termios.VEOL, termios.VEOL2, termios.VINTR, termios.VQUIT, termios.VSUSP,
)  # fmt: skip
# The keys that make a signal in every mode but raw, and which.
SIGNAL_KEYS: Final = {
    termios.VINTR: signal.SIGINT, termios.VQUIT: signal.SIGQUIT, termios.VSUSP: signal.SIGTSTP,
}  # fmt: skip
# Sends a signal to the terminal's foreground, asked of the master (ioctl_tty(2)).
TIOCSIG: Final = 0x40045436
# What a terminal that has not the key has in its place (_POSIX_VDISABLE).
NO_KEY: Final = b"\0"


class Streams:
    """Both kinds. Descriptors of ours are non-blocking; `child_fds` go to the program."""

    def __init__(
        self,
        *,
        child_fds: tuple[int, int, int],
        stdin: int,
        stdin_reader: int,
        outputs: dict[int, Stream],
        tty: bool,
    ) -> None:
        self.child_fds = child_fds
        self.stdin = stdin
        self.outputs = outputs
        self.tty = tty
        self._stdin_reader = stdin_reader
        self._poll = select.poll()  # select() ends at descriptor 1023
        self._poll.register(stdin_reader, select.POLLIN)
        self._open = {stdin, stdin_reader, *child_fds, *outputs}
        self._last_written = b"\n"
        for fd in (stdin, *outputs):
            os.set_blocking(fd, False)

    @classmethod
    def terminal(cls, cols: int, rows: int, owner: tuple[int, int] | None = None) -> Streams:
        """`owner` is the user and group that may open the terminal by name, as /dev/stdin does."""
        master, slave = os.openpty()
        error_master, error_slave = os.openpty()
        for fd in (slave, error_slave):
            _set_modes(fd)
            _set_size(fd, cols, rows)
            if owner is not None:
                os.fchown(fd, *owner)
        return cls(
            child_fds=(slave, slave, error_slave),
            stdin=master,
            stdin_reader=slave,
            outputs={master: "stdout", error_master: "stderr"},
            tty=True,
        )

    @classmethod
    def pipes(cls, owner: tuple[int, int] | None = None) -> Streams:
        reader, writer = os.pipe()
        out_reader, out_writer = os.pipe()
        error_reader, error_writer = os.pipe()
        for fd in (out_writer, error_writer):
            try:
                fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            except PermissionError:
                pass  # the user's share of pipe memory is used up; the default works too
        if owner is not None:
            for fd in (reader, out_writer, error_writer):
                os.fchown(fd, *owner)
        return cls(
            child_fds=(reader, out_writer, error_writer),
            stdin=writer,
            stdin_reader=reader,
            outputs={out_reader: "stdout", error_reader: "stderr"},
            tty=False,
        )

    def started(self) -> None:
        """The program has its descriptors: close our copies, so that the ends can be seen."""
        for fd in set(self.child_fds) - {self._stdin_reader}:
            if not self.tty:
                self._close(fd)

    def read(self, fd: int) -> bytes | None:
        """What an output has now: None where there is nothing yet, b"" at its end."""
        try:
            return os.read(fd, READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def holds_output(self, fd: int) -> bool:
        """Whether it can be read at once. What the kernel still moves over does not count, and
        neither does the end."""
        count = bytearray(4)
        fcntl.ioctl(fd, termios.FIONREAD, count)
        return any(count)

    def write(self, data: bytes) -> int:
        """As much input as fits now. A pipe that nobody reads any more takes everything.

        What stands before a key that makes a signal counts as written, and nobody reads it.
        """
        if self.tty and (count := self._press_signal_keys(data)):
            return count
        try:
            written = os.write(self.stdin, data)
        except BlockingIOError:
            return 0
        except OSError:
            return len(data)
        if written:
            self._last_written = data[written - 1 : written]
        return written

    def _press_signal_keys(self, data: bytes) -> int:
        """Does what the kernel would for these keys, but for throwing output away and for the
        key's echo; says how many bytes that has dealt with.

        Asked before each write, for a program may change its keys at any time. If it does so after
        this look the kernel decides, as for every key that is pressed in that moment.
        """
        modes = termios.tcgetattr(self.stdin)
        if not modes[3] & termios.ISIG or modes[3] & termios.NOFLSH:
            return 0  # there are no such keys, or the kernel throws nothing away
        in_lines = modes[3] & termios.ICANON and modes[3] & termios.IEXTEN
        quote = modes[6][termios.VLNEXT] if in_lines else NO_KEY
        pressed: dict[int, signal.Signals] = {}
        for index, number in SIGNAL_KEYS.items():
            if modes[6][index] != NO_KEY:
                pressed.setdefault(self._last_pressed(modes[6][index], quote, data), number)
        pressed.pop(-1, None)
        if not pressed:
            return 0
        # Of the master it would be the program's output.
        termios.tcflush(self._stdin_reader, termios.TCIFLUSH)
        if modes[0] & termios.IXON:  # output that Ctrl-S has stopped goes on
            termios.tcflow(self._stdin_reader, termios.TCOOFF)
            termios.tcflow(self._stdin_reader, termios.TCOON)
        # Each once: who was sent two of a kind before looking has only one of them anyway.
        for _, number in sorted(pressed.items()):
            fcntl.ioctl(self.stdin, TIOCSIG, number)
        self._last_written = b"\n"
        return max(pressed) + 1

    def _last_pressed(self, key: bytes, quote: bytes, data: bytes) -> int:
        """Where; -1 where it is not, or only behind a quote, which are the kernel's to tell: the
        quote may be quoted itself."""
        at = data.rfind(key)
        while at >= 0 and quote != NO_KEY:
            if (data[at - 1 : at] if at else self._last_written) != quote:
                return at
            at = data.rfind(key, 0, at)
        return at

    def eof_mark(self, last: bytes) -> bytes:
        """What to write for the end of a terminal's input, where `last` is still to be written.

        In line mode the first VEOF after a part of a line only delivers that part.
        """
        in_a_line = (last or self._last_written) not in (b"\n", VEOF)
        return VEOF * 2 if in_a_line and not self.raw else VEOF

    def close_input(self) -> None:
        """The end of input for a pipe."""
        self._close(self.stdin)

    def can_be_read(self, data: bytes) -> bool:
        """Whether the program can read such input now: in line mode a part of a line waits."""
        if not self.tty:
            return True
        modes = termios.tcgetattr(self.stdin)
        if not modes[3] & termios.ICANON:
            return True
        ends = {b"\n", *(modes[6][key] for key in LINE_ENDS)}
        if modes[0] & termios.ICRNL:
            ends.add(b"\r")
        return any(end in data for end in ends if end != b"\0")

    def unread(self) -> int:
        """Bytes of input that the program has not read; a part of a line does not count."""
        self._poll.poll(0)
        count = bytearray(4)
        fcntl.ioctl(self._stdin_reader, termios.FIONREAD, count)
        return int(struct.unpack("i", count)[0])

    def resize(self, cols: int, rows: int) -> None:
        """The kernel sends SIGWINCH to the terminal's foreground processes.

        Only the controlling terminal does, so it comes last: then both have the new size.
        """
        if self.tty:
            for fd in sorted(self.outputs, key=lambda fd: fd == self.stdin):
                _set_size(fd, cols, rows)

    def foreground_group(self) -> int | None:
        """The process group that a key such as Ctrl-C reaches, as this host numbers it."""
        if not self.tty:
            return None
        group = bytearray(4)
        try:
            fcntl.ioctl(self.stdin, termios.TIOCGPGRP, group)
        except OSError:
            return None
        found = int(struct.unpack("i", group)[0])
        return found if found > 0 else None

    @property
    def raw(self) -> bool:
        """Whether the program has taken the terminal out of line mode and draws by itself."""
        return self.tty and not termios.tcgetattr(self.stdin)[3] & termios.ICANON

    @property
    def stdin_fd_for_identity(self) -> int:
        return self._stdin_reader

    @property
    def stdin_is_open(self) -> bool:
        return self.stdin in self._open

    def close(self) -> None:
        for fd in list(self._open):
            self._close(fd)

    def close_output(self, fd: int) -> None:
        if fd != self.stdin:
            self._close(fd)

    def _close(self, fd: int) -> None:
        if fd in self._open:
            self._open.remove(fd)
            os.close(fd)


def _set_modes(slave: int) -> None:
    modes = termios.tcgetattr(slave)
    modes[1] &= ~termios.ONLCR
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, modes)


def _set_size(fd: int, cols: int, rows: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
