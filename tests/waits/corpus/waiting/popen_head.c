#include <stdio.h>

int main(void) {
    char line[64];
    printf("Name? ");
    fflush(stdout);
    FILE *child = popen("head -n 1", "r");
    if (!child || !fgets(line, sizeof line, child)) return 1;
    pclose(child);
    printf("done: %s", line);
    return 0;
}
