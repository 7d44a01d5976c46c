#include <iostream>

int main() {
    std::ios::sync_with_stdio(false);
    int first, second;
    std::cout << "First number? ";
    std::cin >> first;
    std::cout << "noted\nSecond number? ";
    std::cin >> second;
    std::cout << "done: " << first * second << "\n";
}
