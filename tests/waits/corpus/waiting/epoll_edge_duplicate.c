#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

int main(void) {
    char line[64];
    struct epoll_event wanted = {.events = EPOLLIN | EPOLLET}, found;
    int set = epoll_create1(0), copy = dup(0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec beat = {.it_value = {.tv_nsec = 50000000}, .it_interval = {0, 50000000}};
    timerfd_settime(timer, 0, &beat, NULL);
    wanted.data.fd = copy;
    if (epoll_ctl(set, EPOLL_CTL_ADD, copy, &wanted) != 0) return 1;
    wanted.data.fd = timer;
    if (epoll_ctl(set, EPOLL_CTL_ADD, timer, &wanted) != 0) return 1;
    printf("Name? ");
    fflush(stdout);
    do {
        if (epoll_pwait(set, &found, 1, -1, NULL) != 1) return 1;
    } while (found.data.fd != copy);
    ssize_t size = read(copy, line, sizeof line);
    printf("done: %.*s", (int)size, line);
    return 0;
}
