#include <chrono>
#include <future>
#include <iostream>
#include <thread>

int main() {
    auto answer = std::async(std::launch::async, [] {
        std::this_thread::sleep_for(std::chrono::seconds(1));
        return 42;
    });
    std::cout << "The answer is " << std::flush;
    std::cout << answer.get() << "\ndone\n";
}
