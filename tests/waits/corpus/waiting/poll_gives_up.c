#include <poll.h>
#include <stdio.h>

int main(void) {
    struct pollfd wanted = {.fd = 0, .events = POLLIN};
    printf("Quick, your name? ");
    fflush(stdout);
    if (poll(&wanted, 1, 1000) != 0) return 1;
    printf("\ndone: too late\n");
    return 0;
}
