#include <future>
#include <iostream>
#include <string>

int main() {
    auto name = std::async(std::launch::async, [] {
        std::string line;
        std::cout << "Name? " << std::flush;
        std::getline(std::cin, line);
        return line;
    });
    const std::string typed = name.get();
    std::cout << "done: " << typed << "\n";
}
