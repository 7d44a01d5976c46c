#include <stdio.h>

int main(void) {
    char line[8];
    FILE *child = popen("sleep 1; echo done", "r");
    if (!child || !fgets(line, sizeof line, child)) return 1;
    pclose(child);
    fputs(line, stdout);
    return 0;
}
