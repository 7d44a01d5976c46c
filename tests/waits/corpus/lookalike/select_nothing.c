#include <stdio.h>
#include <sys/select.h>

int main(void) {
    struct timeval second = {.tv_sec = 1};
    select(0, NULL, NULL, NULL, &second);
    printf("done\n");
    return 0;
}
