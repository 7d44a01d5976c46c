#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static void *nap(void *unused) {
    sleep(1);
    return NULL;
}

int main(void) {
    pthread_t napper;
    pthread_create(&napper, NULL, nap, NULL);
    pthread_join(napper, NULL);
    printf("done\n");
    return 0;
}
