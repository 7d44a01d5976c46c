#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

int main(void) {
    if (fork() == 0) {
        flock(open("lock", O_CREAT | O_RDWR, 0600), LOCK_EX);
        sleep(1);
        return 0;
    }
    usleep(100000);
    flock(open("lock", O_CREAT | O_RDWR, 0600), LOCK_EX);
    printf("done\n");
    return 0;
}
