#include <stdio.h>
#include <sys/uio.h>

int main(void) {
    char first[2], rest[64];
    struct iovec parts[] = {{first, 1}, {rest, sizeof rest}};
    printf("Name? ");
    fflush(stdout);
    ssize_t size = readv(0, parts, 2);
    if (size < 1) return 1;
    printf("done: %c%.*s", first[0], (int)size - 1, rest);
    return 0;
}
