#include <stdio.h>

int main(void) {
    printf("Press a letter: ");
    int letter = getchar();
    printf("done: %c\n", letter);
    return 0;
}
