#include <stdio.h>
#include <stdlib.h>

int main(void) {
    if (system("sh -c 'printf \"Name? \"; sh -c \"read x; echo hello \\$x\"; true'") != 0) return 1;
    printf("done\n");
    return 0;
}
