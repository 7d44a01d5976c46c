#include <stdio.h>
#include <sys/select.h>

int main(void) {
    struct timeval second = {.tv_sec = 1};
    fd_set wanted;
    FD_ZERO(&wanted);
    FD_SET(0, &wanted);
    /* With a count of 0 the set is not looked at. */
    select(0, &wanted, NULL, NULL, &second);
    printf("done\n");
    return 0;
}
