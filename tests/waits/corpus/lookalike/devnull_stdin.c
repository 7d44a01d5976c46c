#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    int null = open("/dev/null", O_RDONLY);
    dup2(null, 0);
    printf("Name? ");
    fflush(stdout);
    if (getchar() != EOF) return 1;
    sleep(1);
    printf("done\n");
    return 0;
}
