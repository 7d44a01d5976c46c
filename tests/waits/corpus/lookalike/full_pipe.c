#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void finish(int number) {
    _exit(write(1, "done\n", 5) != 5);
}

int main(void) {
    static char block[65536];
    int own[2];
    if (pipe(own) != 0) return 1;
    signal(SIGALRM, finish);
    alarm(1);
    for (;;)
        if (write(own[1], block, sizeof block) < 0) return 1;
}
