#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void) {
    char line[8];
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0) {
        /* A sandbox may offer no terminals to make: then this is one more sleep. */
        sleep(1);
        printf("done\n");
        return 0;
    }
    grantpt(master);
    unlockpt(master);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    if (fork() == 0) {
        sleep(1);
        return write(master, "done\n", 5) != 5;
    }
    ssize_t size = read(terminal, line, sizeof line);
    printf("%.*s", (int)size, line);
    return 0;
}
