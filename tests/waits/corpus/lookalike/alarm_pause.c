#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void ignore(int number) {
}

int main(void) {
    signal(SIGALRM, ignore);
    alarm(1);
    pause();
    printf("done\n");
    return 0;
}
