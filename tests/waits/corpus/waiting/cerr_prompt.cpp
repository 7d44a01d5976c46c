#include <iostream>
#include <string>

int main() {
    std::string line;
    std::cout << "A question follows.\n";
    std::cerr << "Name? ";
    std::getline(std::cin, line);
    std::cout << "done: " << line << "\n";
}
