#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    if (fork() == 0) {
        char name[64];
        printf("Name? ");
        if (scanf("%63s", name) != 1) return 1;
        printf("hello %s\n", name);
        return 0;
    }
    wait(NULL);
    printf("done\n");
    return 0;
}
