#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static void *beat(void *unused) {
    for (;;) usleep(50000);
    return NULL;
}

int main(void) {
    char name[64];
    pthread_t beating;
    pthread_create(&beating, NULL, beat, NULL);
    printf("Name? ");
    if (scanf("%63s", name) != 1) return 1;
    printf("done: %s\n", name);
    return 0;
}
