#include <iostream>
#include <string>

int main() {
    std::string name;
    std::cout << "Name? ";
    std::cin >> name;
    std::cout << "done: " << name << "\n";
}
