#include <atomic>
#include <chrono>
#include <iostream>
#include <thread>

int main() {
    std::atomic<bool> ready = false;
    std::thread other([&] {
        std::this_thread::sleep_for(std::chrono::seconds(1));
        ready = true;
        ready.notify_one();
    });
    ready.wait(false);
    other.join();
    std::cout << "done\n";
}
