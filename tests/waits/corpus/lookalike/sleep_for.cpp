#include <chrono>
#include <iostream>
#include <thread>

int main() {
    std::cout << "Name? " << std::flush;
    std::this_thread::sleep_for(std::chrono::seconds(1));
    std::cout << "done\n";
}
