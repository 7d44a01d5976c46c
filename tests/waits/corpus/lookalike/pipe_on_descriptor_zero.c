#include <stdio.h>
#include <unistd.h>

int main(void) {
    char line[8];
    int own[2];
    close(0);
    /* The lowest free number: the pipe becomes descriptor 0. */
    if (pipe(own) != 0 || own[0] != 0) return 1;
    if (fork() == 0) {
        sleep(1);
        return write(own[1], "done\n", 5) != 5;
    }
    printf("Name? ");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) return 1;
    fputs(line, stdout);
    return 0;
}
