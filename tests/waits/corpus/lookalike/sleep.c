#include <stdio.h>
#include <unistd.h>

int main(void) {
    printf("Name? ");
    fflush(stdout);
    sleep(1);
    printf("done\n");
    return 0;
}
