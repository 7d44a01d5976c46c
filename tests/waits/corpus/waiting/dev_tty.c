#include <stdio.h>

int main(void) {
    char line[64];
    FILE *terminal = fopen("/dev/tty", "r+");
    if (!terminal) return 1;
    fputs("Name? ", terminal);
    fflush(terminal);
    fseek(terminal, 0, SEEK_CUR);
    if (!fgets(line, sizeof line, terminal)) return 1;
    printf("done: %s", line);
    return 0;
}
