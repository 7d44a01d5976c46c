#include <stdio.h>
#include <sys/select.h>

int main(void) {
    char line[64];
    fd_set wanted;
    FD_ZERO(&wanted);
    FD_SET(0, &wanted);
    printf("Name? ");
    fflush(stdout);
    if (select(1, &wanted, NULL, NULL, NULL) != 1 || !fgets(line, sizeof line, stdin)) return 1;
    printf("done: %s", line);
    return 0;
}
