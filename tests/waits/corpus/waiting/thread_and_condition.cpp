#include <condition_variable>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>

int main() {
    std::mutex guard;
    std::condition_variable arrived;
    std::string line;
    std::thread reader([&] {
        std::string typed;
        std::cout << "Name? " << std::flush;
        std::getline(std::cin, typed);
        std::lock_guard lock(guard);
        line = typed;
        arrived.notify_one();
    });
    std::unique_lock lock(guard);
    arrived.wait(lock, [&] { return !line.empty(); });
    std::cout << "done: " << line << "\n";
    lock.unlock();
    reader.join();
}
