#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

static void ignore(int number) {
}

int main(void) {
    char name[64];
    struct itimerval beat = {{0, 50000}, {0, 50000}};
    signal(SIGALRM, ignore);
    setitimer(ITIMER_REAL, &beat, NULL);
    printf("Name? ");
    if (scanf("%63s", name) != 1) return 1;
    printf("done: %s\n", name);
    return 0;
}
