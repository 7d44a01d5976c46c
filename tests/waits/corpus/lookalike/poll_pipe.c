#include <poll.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    int own[2];
    if (pipe(own) != 0) return 1;
    struct pollfd wanted = {.fd = own[0], .events = POLLIN};
    if (poll(&wanted, 1, 1000) != 0) return 1;
    printf("done\n");
    return 0;
}
