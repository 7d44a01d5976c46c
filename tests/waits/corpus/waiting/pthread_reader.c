#include <pthread.h>
#include <stdio.h>

static char line[64];

static void *read_line(void *unused) {
    printf("Name? ");
    fflush(stdout);
    return fgets(line, sizeof line, stdin);
}

int main(void) {
    pthread_t reader;
    pthread_create(&reader, NULL, read_line, NULL);
    pthread_join(reader, NULL);
    printf("done: %s", line);
    return 0;
}
