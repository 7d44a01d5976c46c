#include <stdio.h>
#include <time.h>

int main(void) {
    struct timespec nap = {.tv_nsec = 5000000};
    for (int i = 0; i < 200; i++) nanosleep(&nap, NULL);
    printf("done\n");
    return 0;
}
