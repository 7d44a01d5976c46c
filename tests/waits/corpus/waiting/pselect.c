#include <stdio.h>
#include <sys/select.h>
#include <unistd.h>

int main(void) {
    char line[64];
    int own[2];
    if (pipe(own) != 0) return 1;
    fd_set wanted;
    FD_ZERO(&wanted);
    FD_SET(0, &wanted);
    FD_SET(own[0], &wanted);
    printf("Name? ");
    fflush(stdout);
    if (pselect(own[0] + 1, &wanted, NULL, NULL, NULL, NULL) != 1) return 1;
    if (!fgets(line, sizeof line, stdin)) return 1;
    printf("done: %s", line);
    return 0;
}
