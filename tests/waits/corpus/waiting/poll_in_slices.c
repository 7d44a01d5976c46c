#include <poll.h>
#include <stdio.h>

int main(void) {
    char line[64];
    struct pollfd wanted = {.fd = 0, .events = POLLIN};
    printf("Name? ");
    fflush(stdout);
    while (poll(&wanted, 1, 50) == 0) {
    }
    if (!fgets(line, sizeof line, stdin)) return 1;
    printf("done: %s", line);
    return 0;
}
