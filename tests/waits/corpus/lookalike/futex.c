#define _GNU_SOURCE
#include <linux/futex.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    int word = 0;
    struct timespec second = {.tv_sec = 1};
    /* Its first argument is an address; read as a descriptor it is nobody's. */
    syscall(SYS_futex, &word, FUTEX_WAIT, 0, &second, NULL, 0);
    printf("done\n");
    return 0;
}
