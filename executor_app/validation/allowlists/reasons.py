"""The sentences of a refusal, shared by all languages. Each continues "`name` …"."""

from ..findings import Reason

PROCESSES = Reason(
    "starts other programs", "Do the work inside your own program; threads are allowed."
)
SHELL = Reason(
    "starts other programs",
    "To wait, read a line from the input; to clear the screen, print the escape sequence"
    r" `\033[2J\033[H`.",
)
NETWORK = Reason(
    "opens network connections", "Programs here have no network; read data from the input instead."
)
NATIVE = Reason("loads native code", "Write it in the language you chose, or choose C.")
RAW_CALLS = Reason(
    "talks to the kernel past the language's library", "Use the library's own functions."
)
ASSEMBLY = Reason("is machine code", "Write it in the language you chose.")
HOST = Reason("changes the machine that runs the program", "Leave it out: nothing here needs it.")
LIMITS = Reason(
    "changes the limits the program runs under", "Use less, or ask whoever runs this server."
)
TERMINALS = Reason(
    "makes terminals for other programs", "Your program has a terminal: its input and output."
)
AROUND = Reason(
    "reaches modules around the allowlist", "Import what you need by its name, at the top."
)
OUTSIDE = Reason(
    "reads files that are not part of the program", "Name your own files, by a relative path."
)
WINDOWS = Reason(
    "belongs to Windows, and programs run on Linux here",
    "Use the standard library, or `<termios.h>` for single keys.",
)
UNLISTED = Reason(
    "is not on the allowlist", "Ask whoever runs this server if your program needs it."
)
# The teaching subset's own.
FILES = Reason("reaches files", "Read from the input and write to the output.")
EVALUATES = Reason(
    "runs text as code", "Convert input with the function for its type, such as a number's."
)
INSIDES = Reason("reaches the insides of the language", "Use the object's public names.")
UNSAFE = Reason("turns the compiler's checks off", "Stay within safe code.")
JUMPS = Reason("jumps past the program's structure", "Use a loop, a function or `break`.")
NOT_TAUGHT = Reason(
    "is not part of the teaching subset", "Use the modules that the policy's page lists."
)
COMPUTED_NAME = Reason(
    "loads a module whose name is computed", "Write the module's name as plain text."
)
