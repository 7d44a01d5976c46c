// A conversation in C++: a text, a whole number, and a calculation with two numbers.
#include <iomanip>
#include <iostream>
#include <string>

int main() {
    std::string name;
    std::cout << "What is your name? ";
    std::getline(std::cin, name);
    std::cout << "Hello, " << name << "!\n";

    int age;
    std::cout << "How old are you? ";
    if (!(std::cin >> age)) return 1;
    std::cout << "Next year you will be " << age + 1 << ".\n";

    double first, second;
    std::cout << "First number? ";
    if (!(std::cin >> first)) return 1;
    std::cout << "Second number? ";
    if (!(std::cin >> second)) return 1;
    std::cout << std::fixed << std::setprecision(2);
    std::cout << "Sum: " << first + second << "\n";
    std::cout << "Product: " << first * second << "\n";
    std::cout << "Goodbye, " << name << "!\n";
}
