#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static void *read_line(void *unused) {
    char line[64];
    if (read(0, line, sizeof line) < 0) perror("read");
    return NULL;
}

int main(void) {
    pthread_t reader;
    pthread_create(&reader, NULL, read_line, NULL);
    while (clock() < CLOCKS_PER_SEC) {
    }
    printf("done\n");
    return 0;
}
