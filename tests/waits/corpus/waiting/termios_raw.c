#include <stdio.h>
#include <termios.h>
#include <unistd.h>

int main(void) {
    struct termios before, raw;
    char key;
    tcgetattr(0, &before);
    raw = before;
    cfmakeraw(&raw);
    tcsetattr(0, TCSANOW, &raw);
    printf("Press a key: ");
    fflush(stdout);
    if (read(0, &key, 1) != 1) return 1;
    tcsetattr(0, TCSAFLUSH, &before);
    printf("\ndone: %c\n", key);
    return 0;
}
