#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    if (fork() == 0) {
        sleep(1);
        return 0;
    }
    waitpid(-1, NULL, 0);
    printf("done\n");
    return 0;
}
