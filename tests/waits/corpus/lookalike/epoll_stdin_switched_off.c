#include <stdio.h>
#include <sys/epoll.h>

int main(void) {
    struct epoll_event nothing = {.events = 0}, found;
    int set = epoll_create1(0);
    if (epoll_ctl(set, EPOLL_CTL_ADD, 0, &nothing) != 0) return 1;
    if (epoll_wait(set, &found, 1, 1000) != 0) return 1;
    printf("done\n");
    return 0;
}
