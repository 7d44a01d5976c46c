#include <poll.h>
#include <stdio.h>

int main(void) {
    /* How programs take a descriptor out of a set for a while: negated, or with no events. */
    struct pollfd wanted[] = {{.fd = -1, .events = POLLIN}, {.fd = 0, .events = 0}};
    if (poll(wanted, 2, 1000) != 0) return 1;
    printf("done\n");
    return 0;
}
