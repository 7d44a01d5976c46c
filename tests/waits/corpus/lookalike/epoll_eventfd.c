#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

int main(void) {
    struct epoll_event wanted = {.events = EPOLLIN}, found;
    int set = epoll_create1(0);
    if (epoll_ctl(set, EPOLL_CTL_ADD, eventfd(0, 0), &wanted) != 0) return 1;
    printf("Name? ");
    fflush(stdout);
    if (epoll_wait(set, &found, 1, 1000) != 0) return 1;
    printf("done\n");
    return 0;
}
