#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    char line[8];
    if (mkfifo("fifo", 0600) != 0) return 1;
    if (fork() == 0) {
        FILE *writer = fopen("fifo", "w");
        sleep(1);
        return fputs("done\n", writer) < 0;
    }
    FILE *reader = fopen("fifo", "r");
    printf("Name? ");
    fflush(stdout);
    if (!fgets(line, sizeof line, reader)) return 1;
    fputs(line, stdout);
    return 0;
}
