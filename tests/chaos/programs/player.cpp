#include <cstdio>
#include <cstdlib>
#include <string>

static unsigned long long number, word;

static unsigned long adler(const std::string &bytes) {
  unsigned long a = 1, b = 0;
  for (unsigned char byte : bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

static void tell(const std::string &text) {
  std::string body = std::to_string(++number) + " " + text;
  std::printf("%s %lu\n", body.c_str(), adler(body));
  std::fflush(stdout);
}

static unsigned long long turn() {
  return word = (word * 1103515245ULL + 12345ULL) % 2147483648ULL;
}

static void hear() {
  std::string heard = "heard ";
  int c;
  while ((c = std::getchar()) != '\n') {
    if (c == EOF) std::exit(1);
    heard += static_cast<char>(c);
  }
  tell(heard);
}

int main(int argc, char **argv) {
  word = std::strtoull(argv[1], nullptr, 10);
  for (int n = 2; n < argc; n++) {
    std::string step = argv[n];
    int count, pause, width;
    if (std::sscanf(argv[n], "say:%d:%d:%d", &count, &pause, &width) == 3) {
      while (count--) {
        std::string text = std::to_string(turn()) + " ";
        for (int i = 0; i < width; i++) text += "\303\274";
        tell(text);
      }
    } else if (std::sscanf(argv[n], "work:%d", &count) == 1) {
      while (count--) turn();
      tell("worked " + std::to_string(word));
    } else if (step == "ask") {
      std::printf("%llu? ", number + 1);
      std::fflush(stdout);
      hear();
    } else if (step == "read") {
      hear();
    }
  }
}
