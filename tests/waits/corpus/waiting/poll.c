#include <poll.h>
#include <stdio.h>

int main(void) {
    char line[64];
    struct pollfd wanted = {.fd = 0, .events = POLLIN};
    printf("Name? ");
    fflush(stdout);
    if (poll(&wanted, 1, -1) != 1 || !fgets(line, sizeof line, stdin)) return 1;
    printf("done: %s", line);
    return 0;
}
