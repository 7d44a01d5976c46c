#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    char line[64];
    int own[2];
    if (pipe(own) != 0) return 1;
    struct pollfd wanted[] = {{.fd = own[0], .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    struct timespec hour = {.tv_sec = 3600};
    printf("Name? ");
    fflush(stdout);
    if (ppoll(wanted, 2, &hour, NULL) != 1 || !fgets(line, sizeof line, stdin)) return 1;
    printf("done: %s", line);
    return 0;
}
