#include <stdio.h>
#include <unistd.h>

int main(void) {
    char line[64];
    FILE *in = fdopen(dup(0), "r");
    fclose(stdin);
    printf("Name? ");
    fflush(stdout);
    if (!in || !fgets(line, sizeof line, in)) return 1;
    printf("done: %s", line);
    return 0;
}
