#include <iostream>
#include <string>

int main() {
    std::string line;
    std::cout << "Name? " << std::flush;
    std::getline(std::cin, line);
    std::cout << "done: " << line << "\n";
}
