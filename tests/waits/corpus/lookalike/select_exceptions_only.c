#include <stdio.h>
#include <sys/select.h>

int main(void) {
    struct timeval second = {.tv_sec = 1};
    fd_set wanted;
    FD_ZERO(&wanted);
    FD_SET(0, &wanted);
    if (select(1, NULL, NULL, &wanted, &second) != 0) return 1;
    printf("done\n");
    return 0;
}
