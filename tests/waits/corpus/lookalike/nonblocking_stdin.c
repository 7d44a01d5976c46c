#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    char key;
    int flags = fcntl(0, F_GETFL);
    fcntl(0, F_SETFL, flags | O_NONBLOCK);
    for (int i = 0; i < 20; i++) {
        if (read(0, &key, 1) != -1 || errno != EAGAIN) return 1;
        usleep(50000);
    }
    fcntl(0, F_SETFL, flags);
    printf("done\n");
    return 0;
}
