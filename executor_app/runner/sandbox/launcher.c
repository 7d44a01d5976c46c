/* The two small programs on either side of a sandbox, in one static binary.
 *
 *   launcher enter OPTIONS -- COMMAND...   outside: joins the job's cgroups, gives up root, becomes
 *                                          the sandbox (Firejail or bubblewrap)
 *   launcher serve [--unlink]              inside: waits for orders on its control socket (fd 0),
 *                                          starts each program, reports how it ended
 *
 * The program's descriptors, arguments and environment travel over the control socket, so no
 * sandbox ever sees them on its command line and a sandbox can be started before it has a job.
 * Everything runs before or beside hostile code: fixed buffers are checked, every failure ends
 * the process with a sentence on stderr and status 111.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONTROL 0
#define FAILED 111
#define MAX_ORDER (4u << 20)
#define STREAMS 3
#define MAX_JOINS 8 /* version 1 of control groups has a tree for each of a few controllers */

static void die(const char *what, const char *which) {
    dprintf(2, "launcher: %s %s: %s\n", what, which, strerror(errno));
    _exit(FAILED);
}

/* --- enter: outside ----------------------------------------------------------------------- */

static void join_cgroup(const char *procs) {
    int fd = open(procs, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "0", 1) != 1) die("cannot join the cgroup", procs);
    close(fd);
}

/* A remount sets all of these anew: what is not named is taken away. */
static unsigned long flags_of(const char *at) {
    struct statvfs now;
    if (statvfs(at, &now)) die("cannot look at", at);
    return (now.f_flag & ST_RDONLY ? MS_RDONLY : 0) | (now.f_flag & ST_NOSUID ? MS_NOSUID : 0)
         | (now.f_flag & ST_NODEV ? MS_NODEV : 0) | (now.f_flag & ST_NOEXEC ? MS_NOEXEC : 0);
}

static void bind_mount(const char *from, const char *to, int read_only) {
    if (mount(from, to, NULL, MS_BIND | MS_REC, NULL)) die("cannot bind to", to);
    unsigned long flags = MS_BIND | MS_REMOUNT | flags_of(to) | (read_only ? MS_RDONLY : MS_NODEV);
    if (mount(NULL, to, NULL, flags, NULL)) die("cannot remount", to);
}

static void change_root(const char *root) {
    if (chdir(root) || syscall(SYS_pivot_root, ".", ".")) die("cannot pivot to", root);
    if (umount2(".", MNT_DETACH)) die("cannot let go of the old root under", root);
    if (chdir("/")) die("cannot enter", "/");
}

/* Without it /proc/self/cgroup says what the executor is called. */
static void own_cgroup_names(void) {
    if (unshare(CLONE_NEWCGROUP)) die("cannot make", "a cgroup namespace");
}

static void own_mounts(void) {
    if (unshare(CLONE_NEWNS)) die("cannot make", "a mount namespace");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) die("cannot make private", "/");
}

static void own_tmpfs(const char *at) {
    if (mount("codr", at, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,nr_inodes=256,mode=755"))
        die("cannot mount a tmpfs at", at);
}

/* A login that is set is for root to change; one that is not, anybody may set for themselves, and
 * the host's audit would take a job for somebody. A kernel without audit has no such file. */
static void set_login(const char *uid) {
    int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    if (write(fd, uid, strlen(uid)) < 0 && errno != EPERM) die("cannot set the login of", uid);
    close(fd);
}

/* The kernel has one number of pseudo-terminals for all of the host; this is what one job may have. */
static void own_terminals(const char *at) {
    if (mount("codr", at, "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,mode=620,ptmxmode=666,max=32"))
        die("cannot mount terminals at", at);
}

static void become(uid_t uid, gid_t gid) {
    if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
        die("cannot give up root for", "the job's user");
    if (setuid(0) == 0) die("could take back root from", "the job's user");
}

/* Options are carried out in the order given; each takes the number of words shown. */
static void enter(char **arg) {
    extern char **environ;
    for (; *arg && strcmp(*arg, "--"); arg++) {
        if (!strcmp(*arg, "--cgroup") && arg[1]) join_cgroup(*++arg);
        else if (!strcmp(*arg, "--own-cgroup-names")) own_cgroup_names();
        else if (!strcmp(*arg, "--own-mounts")) own_mounts();
        else if (!strcmp(*arg, "--bind") && arg[1] && arg[2]) bind_mount(arg[1], arg[2], 0), arg += 2;
        else if (!strcmp(*arg, "--ro-bind") && arg[1] && arg[2]) bind_mount(arg[1], arg[2], 1), arg += 2;
        else if (!strcmp(*arg, "--dev-bind") && arg[1] && arg[2]) {
            if (mount(arg[1], arg[2], NULL, MS_BIND | MS_REC, NULL)) die("cannot bind to", arg[2]);
            arg += 2;
        }
        else if (!strcmp(*arg, "--tmpfs") && arg[1]) own_tmpfs(*++arg);
        else if (!strcmp(*arg, "--terminals") && arg[1]) own_terminals(*++arg);
        else if (!strcmp(*arg, "--root") && arg[1]) change_root(*++arg);
        else if (!strcmp(*arg, "--user") && arg[1] && arg[2])
            set_login(arg[1]), become((uid_t)strtoul(arg[1], NULL, 10), (gid_t)strtoul(arg[2], NULL, 10)), arg += 2;
        else { errno = EINVAL; die("does not know the option", *arg); }
    }
    if (!*arg || !arg[1]) { errno = EINVAL; die("was given no", "command"); }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL)) die("cannot ask for", "a death signal");
    execvp(arg[1], arg + 1);
    die("cannot start", arg[1]);
}

/* --- serve: inside ------------------------------------------------------------------------ */

/* What follows the header: cwd, arguments, environment as NUL-ended strings, then the filter. With
 * it come the program's descriptors, and `joins` more: files by which it joins its control groups. */
struct order {
    uint32_t bytes, args, envs, tty, filter_bytes, strings_bytes, joins, pad;
    uint64_t cpu_s, file_bytes, files, stack_bytes, processes, data_bytes; /* 0: no such limit */
};

struct ending { int32_t status; uint32_t pad; uint64_t user_us, system_us, max_rss_kib; };

/* A job that outlived its executor has nobody to bound it. */
static void abandon(void) {
    kill(-1, SIGKILL);
    _exit(0);
}

static void read_all(char *to, size_t want) {
    while (want) {
        ssize_t got = read(CONTROL, to, want);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) abandon();
        to += got; want -= (size_t)got;
    }
}

/* Reads the header and, with it, the descriptors. */
static void read_header(struct order *order, int fds[STREAMS + MAX_JOINS]) {
    char space[CMSG_SPACE((STREAMS + MAX_JOINS) * sizeof(int))] __attribute__((aligned(8)));
    struct iovec part = {order, sizeof *order};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1,
                             .msg_control = space, .msg_controllen = sizeof space};
    ssize_t got;
    while ((got = recvmsg(CONTROL, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {}
    if (got <= 0) abandon();
    read_all((char *)order + got, sizeof *order - (size_t)got);
    struct cmsghdr *ancillary = CMSG_FIRSTHDR(&message);
    if (!ancillary || ancillary->cmsg_type != SCM_RIGHTS || order->joins > MAX_JOINS ||
        ancillary->cmsg_len != CMSG_LEN((STREAMS + order->joins) * sizeof(int))) {
        errno = EPROTO; die("was given no", "descriptors");
    }
    memcpy(fds, CMSG_DATA(ancillary), (STREAMS + order->joins) * sizeof(int));
}

static int limit(int resource, uint64_t soft, uint64_t hard) {
    struct rlimit both = {soft, hard};
    return soft ? setrlimit(resource, &both) : 0;
}

static int set_limits(const struct order *order) {
    /* 1 and not 0: it is what also keeps the host from starting its handler of core dumps. */
    struct rlimit no_core = {1, 1};
    return setrlimit(RLIMIT_CORE, &no_core)
        || limit(RLIMIT_CPU, order->cpu_s, order->cpu_s + 1)
        || limit(RLIMIT_FSIZE, order->file_bytes, order->file_bytes)
        || limit(RLIMIT_NOFILE, order->files, order->files)
        || limit(RLIMIT_STACK, order->stack_bytes, order->stack_bytes)
        || limit(RLIMIT_NPROC, order->processes, order->processes)
        || limit(RLIMIT_DATA, order->data_bytes, order->data_bytes)
        || limit(RLIMIT_MSGQUEUE, 256 << 10, 256 << 10) /* the default queue needs 81 KiB */
        || limit(RLIMIT_MEMLOCK, 1 << 20, 1 << 20);
}

static void tell(char what, const void *more, size_t bytes) {
    char line[1 + sizeof(struct ending)] = {what};
    memcpy(line + 1, more, bytes);
    while (send(CONTROL, line, sizeof line, MSG_NOSIGNAL) < 0 && errno == EINTR) {}
}

/* From here on fd 2 is the program's or about to be: what goes wrong is told as an error number. */
static void refuse(int control) {
    int32_t why = errno;
    char line[1 + sizeof(struct ending)] = {'E'};
    memcpy(line + 1, &why, sizeof why);
    while (send(control, line, sizeof line, MSG_NOSIGNAL) < 0 && errno == EINTR) {}
    _exit(127);
}

/* The program's descriptors become 0, 1 and 2; of ours only the control socket stays, until exec. */
static int place_descriptors(int *fds, int tty) {
    int control = fcntl(CONTROL, F_DUPFD_CLOEXEC, 10);
    if (control < 0) _exit(127);
    for (int i = 0; i < STREAMS; i++) if ((fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 10)) < 0) refuse(control);
    for (int i = 0; i < STREAMS; i++) if (dup2(fds[i], i) < 0) refuse(control);
    if (tty && ioctl(0, TIOCSCTTY, 0)) refuse(control);
    if (close_range(3, (unsigned)control - 1, 0) || close_range((unsigned)control + 1, ~0u, 0)) refuse(control);
    return control;
}

static int set_filter(const struct order *order, char *strings) {
    if (!order->filter_bytes) return 0;
    struct sock_fprog filter = {(unsigned short)(order->filter_bytes / sizeof(struct sock_filter)),
                                (struct sock_filter *)(strings + order->strings_bytes)};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
}

/* The strings are as many as the counts say, and end where they should; the filter is whole. */
static int is_sound(const struct order *order, const char *strings) {
    uint64_t ended = 0, wanted = 1 + (uint64_t)order->args + order->envs;
    for (uint32_t i = 0; i < order->strings_bytes; i++) ended += !strings[i];
    return order->args && ended == wanted && !strings[order->strings_bytes - 1]
        && order->filter_bytes % sizeof(struct sock_filter) == 0
        && order->filter_bytes / sizeof(struct sock_filter) <= BPF_MAXINSNS;
}

/* The executor may just have written the program, and a process that it was starting in that moment
 * has the descriptor too, until it is executed itself. Then nobody can execute the program yet. */
static void execute(char **args) {
    struct timespec pause = {0, 1000000};
    for (int tries = 0; tries < 500; tries++) {
        execvp(args[0], args);
        if (errno != ETXTBSY) return;
        nanosleep(&pause, NULL);
    }
}

/* Opened outside, where the job's user has no say in them. */
static void join_groups(const int *files, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) if (write(files[i], "0", 1) != 1) refuse(CONTROL);
}

static void start_program(const struct order *order, char *strings, int *fds) {
    const char *cwd = strings;
    char **args = calloc(order->args + 1, sizeof *args), **envs = calloc(order->envs + 1, sizeof *envs);
    if (!args || !envs) refuse(CONTROL);
    char *at = strings + strlen(strings) + 1;
    for (uint32_t i = 0; i < order->args; i++, at += strlen(at) + 1) args[i] = at;
    for (uint32_t i = 0; i < order->envs; i++, at += strlen(at) + 1) envs[i] = at;

    if (setsid() < 0) refuse(CONTROL);
    join_groups(fds + STREAMS, order->joins);
    tell('P', NULL, 0); /* the kernel adds this process's id, as the executor sees it */
    int control = place_descriptors(fds, (int)order->tty);
    for (int n = 1; n < NSIG; n++) signal(n, SIG_DFL);
    sigset_t none; sigemptyset(&none); sigprocmask(SIG_SETMASK, &none, NULL);
    umask(022);
    if (chdir(cwd) || set_limits(order)) refuse(control);
    prctl(PR_SET_DUMPABLE, 1);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || set_filter(order, strings)) refuse(control);
    environ = envs; /* execvp looks for the program along the PATH in it */
    execute(args);
    refuse(control);
}

/* Returns when the program has ended, or never when the executor goes first. */
static void wait_for(pid_t program, int child_events, struct ending *ending) {
    struct pollfd watched[2] = {{child_events, POLLIN, 0}, {CONTROL, POLLRDHUP, 0}};
    struct rusage used;
    for (;;) {
        if (poll(watched, 2, -1) < 0 && errno != EINTR) die("cannot wait for", "the program");
        if (watched[1].revents) abandon();
        struct signalfd_siginfo ignored;
        while (read(child_events, &ignored, sizeof ignored) > 0) {}
        for (pid_t ended; (ended = wait4(-1, &ending->status, WNOHANG, &used)) > 0;) {
            if (ended != program) continue;
            ending->user_us = (uint64_t)used.ru_utime.tv_sec * 1000000 + (uint64_t)used.ru_utime.tv_usec;
            ending->system_us = (uint64_t)used.ru_stime.tv_sec * 1000000 + (uint64_t)used.ru_stime.tv_usec;
            ending->max_rss_kib = (uint64_t)used.ru_maxrss;
            return;
        }
    }
}

/* One order: compile or run. A job's stages are served one after the other in one sandbox. */
static void serve_one(int child_events) {
    struct order order;
    struct ending ending = {0};
    int fds[STREAMS + MAX_JOINS];
    read_header(&order, fds);
    if (order.bytes > MAX_ORDER || (uint64_t)order.strings_bytes + order.filter_bytes != order.bytes) {
        errno = EPROTO; die("was given a", "wrong order");
    }
    char *strings = malloc(order.bytes + 1);
    if (!strings) die("has no memory for", "the order");
    read_all(strings, order.bytes);
    strings[order.bytes] = 0;
    if (!is_sound(&order, strings)) { errno = EPROTO; die("was given a", "wrong order"); }

    pid_t program = fork();
    if (program < 0) die("cannot fork", "the program");
    if (program == 0) start_program(&order, strings, fds);
    free(strings);
    for (uint32_t i = 0; i < STREAMS + order.joins; i++) close(fds[i]);
    wait_for(program, child_events, &ending);
    tell('X', &ending, sizeof ending);
}

static void serve(const char *own_name) {
    prctl(PR_SET_DUMPABLE, 0); /* the program has the same user: it must not trace this process */
    if (own_name) unlink(own_name);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_SETMASK, &child, NULL);
    for (int n = 1; n < NSIG; n++) if (n != SIGCHLD) signal(n, SIG_IGN);
    int child_events = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (child_events < 0) die("cannot watch", "its children");
    tell('R', NULL, 0);
    for (;;) serve_one(child_events);
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "enter")) enter(argv + 2);
    else if (argc == 2 && !strcmp(argv[1], "serve")) serve(NULL);
    else if (argc == 3 && !strcmp(argv[1], "serve") && !strcmp(argv[2], "--unlink")) serve(argv[0]);
    dprintf(2, "usage: launcher enter OPTIONS -- COMMAND... | launcher serve [--unlink]\n");
    return FAILED;
}
