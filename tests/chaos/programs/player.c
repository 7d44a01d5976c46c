#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned long long number, word;
static char body[8192], heard[8192];
static unsigned char rest[1 << 20];

static unsigned long adler(const unsigned char *bytes, size_t count) {
  unsigned long a = 1, b = 0;
  for (size_t i = 0; i < count; i++) {
    a = (a + bytes[i]) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

static void tell(const char *text) {
  int size = snprintf(body, sizeof body, "%llu %s", ++number, text);
  printf("%s %lu\n", body, adler((unsigned char *)body, size));
  fflush(stdout);
}

static unsigned long long turn(void) {
  return word = (word * 1103515245ULL + 12345ULL) % 2147483648ULL;
}

static void hear(void) {
  strcpy(heard, "heard ");
  if (!fgets(heard + 6, sizeof heard - 6, stdin)) exit(1);
  heard[strcspn(heard, "\n")] = 0;
  tell(heard);
}

int main(int argc, char **argv) {
  char text[4096];
  word = strtoull(argv[1], 0, 10);
  for (int n = 2; n < argc; n++) {
    char *step = argv[n];
    if (!strncmp(step, "say:", 4)) {
      int count, pause, width;
      sscanf(step, "say:%d:%d:%d", &count, &pause, &width);
      while (count--) {
        int end = sprintf(text, "%llu ", turn());
        for (int i = 0; i < width; i++) end += sprintf(text + end, "\303\274");
        tell(text);
        struct timespec wait = {pause / 1000, pause % 1000 * 1000000L};
        if (pause) nanosleep(&wait, 0);
      }
    } else if (!strncmp(step, "work:", 5)) {
      for (long count = atol(step + 5); count--;) turn();
      sprintf(text, "worked %llu", word);
      tell(text);
    } else if (!strcmp(step, "ask")) {
      printf("%llu? ", number + 1);
      fflush(stdout);
      hear();
    } else if (!strcmp(step, "read")) {
      hear();
    } else if (!strcmp(step, "rest")) {
      size_t size = fread(rest, 1, sizeof rest, stdin);
      sprintf(text, "rest %zu %lu", size, adler(rest, size));
      tell(text);
    }
  }
}
