"""C and C++. Headers must be listed. Functions are refused by name, unless the program defines the
name itself: a function, variable or method called `clone` is the person's own."""

from ..findings import Reason
from . import words
from .reasons import (
    ASSEMBLY,
    FILES,
    HOST,
    LIMITS,
    NATIVE,
    NETWORK,
    PROCESSES,
    RAW_CALLS,
    SHELL,
    TERMINALS,
    WINDOWS,
)

C_HEADERS = frozenset(
    f"{name}.h"
    for name in words(
        """
        assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal
        stdalign stdarg stdatomic stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn
        string tgmath threads time uchar wchar wctype
        """
    )
)

CPP_HEADERS = frozenset(
    words(
        """
        algorithm any array atomic barrier bit bitset cassert ccomplex cctype cerrno cfenv cfloat
        charconv chrono cinttypes ciso646 climits clocale cmath codecvt compare complex concepts
        condition_variable coroutine csetjmp csignal cstdalign cstdarg cstdbool cstddef cstdint
        cstdio cstdlib cstring ctgmath ctime cuchar cwchar cwctype deque exception execution
        expected filesystem flat_map flat_set format forward_list fstream functional future
        generator initializer_list iomanip ios iosfwd iostream istream iterator latch limits list
        locale map mdspan memory memory_resource mutex new numbers numeric optional ostream print
        queue random ranges ratio regex scoped_allocator semaphore set shared_mutex source_location
        span spanstream sstream stack stacktrace stdexcept stdfloat stop_token streambuf string
        string_view strstream syncstream system_error thread tuple type_traits typeindex typeinfo
        unordered_map unordered_set utility valarray variant vector version bits/stdc++.h
        """
    )
)

POSIX_HEADERS = frozenset(
    f"{name}.h"
    for name in words(
        """
        aio alloca argp argz byteswap cpio curses dirent endian envz err error execinfo fcntl
        features fmtmsg fnmatch form ftw getopt glob grp iconv langinfo libgen libintl malloc mcheck
        memory menu monetary ncurses nl_types obstack panel poll printf pthread pwd regex sched
        search semaphore stdio_ext strings stropts sysexits tar term termio termios time ucontext
        ulimit unistd utime values wait ncurses/curses ncurses/ncurses ncursesw/curses
        ncursesw/ncurses readline/history readline/readline immintrin x86intrin xmmintrin emmintrin
        smmintrin tmmintrin nmmintrin arm_neon omp gmp mpfr sys/cdefs sys/epoll sys/errno
        sys/eventfd sys/fcntl sys/file sys/inotify sys/ioctl sys/mman sys/param sys/poll sys/random
        sys/resource sys/select sys/signal sys/signalfd sys/stat sys/statfs sys/statvfs sys/sysinfo
        sys/sysmacros sys/time sys/timeb sys/timerfd sys/times sys/ttydefaults sys/types sys/uio
        sys/unistd sys/utsname sys/wait
        """
    )
)

#: Allowed whole, with everything below.
STANDARD_FOLDERS = ("boost/", "experimental/", "ext/", "Eigen/")

#: A header, or a folder with its slash.
REFUSED_HEADERS: dict[str, Reason] = {
    **dict.fromkeys(
        words(
            """
            sys/socket.h sys/un.h netdb.h netinet/ arpa/ net/ netpacket/ rpc/ resolv.h ifaddrs.h
            curl/ sys/sendfile.h boost/asio.hpp boost/asio/ boost/beast/ experimental/internet
            experimental/socket experimental/net
            """
        ),
        NETWORK,
    ),
    **dict.fromkeys(
        words(
            """
            sys/ptrace.h sys/syscall.h syscall.h linux/ asm/ asm-generic/ sys/io.h sys/prctl.h
            sys/user.h sys/reg.h sys/procfs.h sys/vm86.h sys/personality.h sys/kd.h sys/vt.h
            sys/raw.h seccomp.h
            """
        ),
        RAW_CALLS,
    ),
    **dict.fromkeys(words("dlfcn.h link.h ffi.h ltdl.h boost/dll.hpp boost/dll/"), NATIVE),
    **dict.fromkeys(
        words("spawn.h wordexp.h boost/process.hpp boost/process/ boost/process.h"), PROCESSES
    ),
    **dict.fromkeys(words("pty.h utmp.h utmpx.h"), TERMINALS),
    **dict.fromkeys(
        words(
            """
            sys/mount.h sys/swap.h sys/reboot.h sys/quota.h sys/klog.h sys/fsuid.h sys/capability.h
            sys/acct.h sys/shm.h sys/ipc.h sys/msg.h sys/sem.h mqueue.h
            """
        ),
        HOST,
    ),
    **dict.fromkeys(
        words("windows.h Windows.h conio.h winsock2.h process.h io.h direct.h"), WINDOWS
    ),
}

REFUSED_FUNCTIONS: dict[str, Reason] = {
    "system": SHELL,
    **dict.fromkeys(
        words(
            """
            popen fork vfork _Fork clone clone3 __clone execl execlp execle execv execvp execve
            execvpe execveat fexecve posix_spawn posix_spawnp wordexp daemon __libc_system _IO_popen
            """
        ),
        PROCESSES,
    ),
    **dict.fromkeys(
        words(
            """
            socket socketpair connect recvfrom sendto recvmsg sendmsg getaddrinfo gethostbyname
            __socket
            """
        ),
        NETWORK,
    ),
    **dict.fromkeys(
        words(
            """
            syscall ptrace process_vm_readv process_vm_writev iopl ioperm prctl arch_prctl seccomp
            userfaultfd perf_event_open io_uring_setup bpf
            """
        ),
        RAW_CALLS,
    ),
    **dict.fromkeys(words("dlopen dlmopen dlsym dlvsym __libc_dlopen_mode"), NATIVE),
    **dict.fromkeys(
        words(
            """
            mount umount umount2 unshare setns chroot pivot_root swapon swapoff reboot kexec_load
            init_module finit_module delete_module sethostname setdomainname setuid setgid seteuid
            setegid setreuid setregid setresuid setresgid setgroups initgroups mknod mknodat shmget
            msgget semget pidfd_open
            """
        ),
        HOST,
    ),
    **dict.fromkeys(words("setrlimit setrlimit64 prlimit prlimit64"), LIMITS),
    **dict.fromkeys(words("forkpty openpty posix_openpt getpt login_tty"), TERMINALS),
    **dict.fromkeys(words("asm __asm __asm__"), ASSEMBLY),
}

#: Macros that no compiler sets here: what they guard is not part of the program.
FOREIGN_MACROS = words(
    """
    _WIN32 _WIN64 WIN32 __WIN32__ __CYGWIN__ __MINGW32__ __MINGW64__ _MSC_VER __APPLE__ __MACH__
    __DOS__ MSDOS __BORLANDC__ __TURBOC__
    """
)

STRICT_C_HEADERS = C_HEADERS - {"signal.h", "setjmp.h"}
STRICT_CPP_HEADERS = CPP_HEADERS - {"csignal", "csetjmp", "filesystem", "fstream"}

#: Names of the teaching subset only. `remove` is missing: C++ has an algorithm of that name.
STRICT_REFUSED_NAMES: dict[str, Reason] = dict.fromkeys(
    words(
        """
        fopen freopen fdopen tmpfile tmpnam ifstream ofstream fstream wifstream wofstream filesystem
        filebuf
        """
    ),
    FILES,
)
