#include <unistd.h>

int main(void) {
    char line[64];
    if (write(1, "Name? ", 6) != 6) return 1;
    ssize_t size = read(0, line, sizeof line);
    if (size < 0 || write(1, "done: ", 6) != 6 || write(1, line, size) != size) return 1;
    return 0;
}
