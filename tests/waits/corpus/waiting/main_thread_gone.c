#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *read_line(void *unused) {
    char line[64];
    usleep(100000);
    printf("Name? ");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) exit(1);
    printf("done: %s", line);
    exit(0);
}

int main(void) {
    pthread_t reader;
    pthread_create(&reader, NULL, read_line, NULL);
    pthread_exit(NULL);
}
