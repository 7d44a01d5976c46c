#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    sigset_t awaited;
    int number;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGALRM);
    sigprocmask(SIG_BLOCK, &awaited, NULL);
    alarm(1);
    sigwait(&awaited, &number);
    printf("done\n");
    return 0;
}
