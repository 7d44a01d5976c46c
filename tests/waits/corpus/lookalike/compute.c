#include <stdio.h>
#include <time.h>

int main(void) {
    volatile unsigned long total = 0;
    printf("Name? ");
    fflush(stdout);
    while (clock() < CLOCKS_PER_SEC) total++;
    printf("done\n");
    return 0;
}
