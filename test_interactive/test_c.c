/* A conversation in C: a text, a whole number, and a calculation with two numbers. */
#include <stdio.h>
#include <string.h>

int main(void) {
    char name[64];
    int age;
    double first, second;

    printf("What is your name? ");
    if (!fgets(name, sizeof name, stdin)) return 1;
    name[strcspn(name, "\n")] = '\0';
    printf("Hello, %s!\n", name);

    printf("How old are you? ");
    if (scanf("%d", &age) != 1) return 1;
    printf("Next year you will be %d.\n", age + 1);

    printf("First number? ");
    if (scanf("%lf", &first) != 1) return 1;
    printf("Second number? ");
    if (scanf("%lf", &second) != 1) return 1;
    printf("Sum: %.2f\n", first + second);
    printf("Product: %.2f\n", first * second);
    printf("Goodbye, %s!\n", name);
    return 0;
}
