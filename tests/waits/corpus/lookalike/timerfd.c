#include <stdint.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <unistd.h>

int main(void) {
    uint64_t times;
    struct itimerspec second = {.it_value = {.tv_sec = 1}};
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    timerfd_settime(timer, 0, &second, NULL);
    printf("Name? ");
    fflush(stdout);
    if (read(timer, &times, sizeof times) != sizeof times) return 1;
    printf("done\n");
    return 0;
}
