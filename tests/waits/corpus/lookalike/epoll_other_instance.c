#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

int main(void) {
    struct epoll_event wanted = {.events = EPOLLIN}, found;
    struct itimerspec second = {.it_value = {.tv_sec = 1}};
    int with_stdin = epoll_create1(0), with_timer = epoll_create1(0);
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    timerfd_settime(timer, 0, &second, NULL);
    if (epoll_ctl(with_stdin, EPOLL_CTL_ADD, 0, &wanted) != 0) return 1;
    if (epoll_ctl(with_timer, EPOLL_CTL_ADD, timer, &wanted) != 0) return 1;
    if (epoll_wait(with_timer, &found, 1, -1) != 1) return 1;
    printf("done\n");
    return 0;
}
