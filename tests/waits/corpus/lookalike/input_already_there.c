#include <stdio.h>
#include <unistd.h>

int main(void) {
    char first[32], second[32];
    sleep(1);
    printf("Two names? ");
    if (scanf("%31s %31s", first, second) != 2) return 1;
    printf("done: %s %s\n", first, second);
    return 0;
}
