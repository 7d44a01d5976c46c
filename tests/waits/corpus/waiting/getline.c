#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    char *line = NULL;
    size_t size = 0;
    printf("Name? ");
    if (getline(&line, &size, stdin) < 0) return 1;
    printf("done: %s", line);
    free(line);
    return 0;
}
