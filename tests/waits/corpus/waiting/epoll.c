#include <stdio.h>
#include <sys/epoll.h>

int main(void) {
    char line[64];
    struct epoll_event wanted = {.events = EPOLLIN}, found;
    int set = epoll_create1(0);
    if (epoll_ctl(set, EPOLL_CTL_ADD, 0, &wanted) != 0) return 1;
    printf("Name? ");
    fflush(stdout);
    if (epoll_wait(set, &found, 1, -1) != 1 || !fgets(line, sizeof line, stdin)) return 1;
    printf("done: %s", line);
    return 0;
}
