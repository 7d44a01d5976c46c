#include <chrono>
#include <condition_variable>
#include <iostream>
#include <mutex>

int main() {
    std::mutex guard;
    std::condition_variable never;
    std::unique_lock lock(guard);
    never.wait_for(lock, std::chrono::seconds(1));
    std::cout << "done\n";
}
