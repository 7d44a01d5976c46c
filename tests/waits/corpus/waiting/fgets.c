#include <stdio.h>

int main(void) {
    char line[64];
    fputs("Name? ", stdout);
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) return 1;
    printf("done: %s", line);
    return 0;
}
