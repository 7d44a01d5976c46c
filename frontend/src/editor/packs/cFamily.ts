// C and C++ share a grammar, and what of their words is C's.

import { cpp as grammar } from "@codemirror/lang-cpp";
import { completion, type Snippet } from "../completion";

const C_KEYWORDS = `
  auto break case char const continue default do double else enum extern float for goto if inline int
  long register return short signed sizeof static struct switch typedef union unsigned void volatile
  while bool true false size_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t NULL
  EOF EXIT_SUCCESS EXIT_FAILURE`.trim();
const C_LIBRARY = `
  assert calloc exit fclose feof fflush fgets fopen fprintf fputs free fscanf fwrite getchar isalpha
  isdigit isspace malloc memcpy memset perror printf putchar puts qsort rand realloc scanf snprintf
  srand sscanf stderr stdin stdout strcat strchr strcmp strcpy strlen strncmp strtol strtok tolower
  toupper`.trim();
const CPP_WORDS = `
  catch class concept constexpr const_cast decltype delete dynamic_cast explicit friend mutable
  namespace new noexcept nullptr operator override private protected public reinterpret_cast requires
  static_assert static_cast template this throw try typename using virtual std array begin cerr cin
  cout deque emplace_back end endl getline make_pair make_shared make_unique map move optional pair
  priority_queue push_back queue set shared_ptr size sort stack string string_view to_string tuple
  unique_ptr unordered_map unordered_set vector ostream istream stringstream exception
  runtime_error`.trim();

const LOOPS: readonly Snippet[] = [
  {
    label: "for",
    detail: "counting",
    text: "for (int #{i} = 0; #{i} < #{count}; #{i}++) {\n\t#{}\n}",
  },
  { label: "while", detail: "loop", text: "while (#{condition}) {\n\t#{}\n}" },
  { label: "if", detail: "else", text: "if (#{condition}) {\n\t#{}\n} else {\n\t#{}\n}" },
  {
    label: "switch",
    detail: "case",
    text: "switch (#{value}) {\n\tcase #{0}:\n\t\t#{}\n\t\tbreak;\n\tdefault:\n\t\t#{}\n}",
  },
];

export const c = () => [
  grammar().language,
  completion(`${C_KEYWORDS} ${C_LIBRARY}`, [
    ...LOOPS,
    { label: "main", detail: "entry point", text: "int main(void) {\n\t#{}\n\treturn 0;\n}" },
    { label: "include", detail: "a header", text: "#include <#{stdio.h}>" },
    { label: "struct", detail: "type", text: "typedef struct {\n\t#{int member;}\n} #{Name};" },
    {
      label: "ask",
      detail: "for a number",
      text: 'int #{number};\nprintf("#{Number}? ");\nif (scanf("%d", &#{number}) != 1) return 1;',
    },
  ]),
];

export const cpp = () => [
  grammar().language,
  completion(`${C_KEYWORDS} ${CPP_WORDS}`, [
    ...LOOPS,
    { label: "main", detail: "entry point", text: "int main() {\n\t#{}\n}" },
    { label: "include", detail: "a header", text: "#include <#{iostream}>" },
    {
      label: "forr",
      detail: "over a range",
      text: "for (const auto& #{item} : #{items}) {\n\t#{}\n}",
    },
    {
      label: "class",
      detail: "definition",
      text: "class #{Name} {\npublic:\n\t#{Name}(#{}) {}\n\nprivate:\n\t#{}\n};",
    },
    { label: "cout", detail: "a line", text: 'std::cout << #{value} << "\\n";' },
    {
      label: "try",
      detail: "catch",
      text: 'try {\n\t#{}\n} catch (const std::exception& error) {\n\tstd::cerr << error.what() << "\\n";\n}',
    },
    {
      label: "ask",
      detail: "for a number",
      text: 'int #{number};\nstd::cout << "#{Number}? ";\nstd::cin >> #{number};',
    },
  ]),
];
