#include <chrono>
#include <iostream>
#include <sstream>
#include <thread>

int main() {
    std::istringstream typed("Ada\n");
    std::cin.rdbuf(typed.rdbuf());
    std::string name;
    std::cout << "Name? " << std::flush;
    std::cin >> name;
    std::this_thread::sleep_for(std::chrono::seconds(1));
    std::cout << "done: " << name << "\n";
    std::cin.rdbuf(nullptr);
}
