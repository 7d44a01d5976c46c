"""The argument lists that a language gives, whatever people call their files, and its limits."""

from __future__ import annotations

from executor_app.languages import OUTPUT_NAME, find


def test_several_sources_are_compiled_together_and_headers_are_left_out() -> None:
    argv = find("c").compile_argv(["main.c", "list.h", "list.c", "notes.txt"])

    assert argv is not None
    assert [part for part in argv if part.startswith("./")] == [
        f"./{OUTPUT_NAME}",
        "./main.c",
        "./list.c",
    ]


def test_libraries_come_after_the_sources_that_need_them() -> None:
    argv = find("c").compile_argv(["main.c"])

    assert argv is not None
    assert argv.index("-lm") > argv.index("./main.c")


def test_rust_is_given_its_main_file_and_finds_the_modules_itself() -> None:
    argv = find("rust").compile_argv(["main.rs", "shapes.rs"])

    assert argv is not None
    assert "./main.rs" in argv
    assert "./shapes.rs" not in argv


def test_an_interpreted_language_has_nothing_to_compile() -> None:
    assert find("python").compile_argv(["main.py"]) is None
    assert find("javascript").compile_argv(["main.js"]) is None


def test_a_file_name_is_never_read_as_an_option() -> None:
    compiled = find("c").compile_argv(["-fplugin=x.c", "@list.c"])
    run = find("python").run_argv([], file="-c")

    assert compiled is not None
    assert compiled[-3:] == ["./-fplugin=x.c", "./@list.c", "-lm"]
    assert run[-1] == "./-c"


def test_a_placeholder_in_a_file_name_stays_what_it_is() -> None:
    assert find("python").run_argv([], file="{out}.py")[-1] == "./{out}.py"


def test_the_program_gets_its_arguments_untouched() -> None:
    assert find("cpp").run_argv(["-x", "{file}", ""]) == [f"./{OUTPUT_NAME}", "-x", "{file}", ""]


def test_limits_can_be_lowered_and_never_raised() -> None:
    ours = find("python").run_limits

    lowered = ours.lowered(
        cpu_time=0.5,
        wall_time=10**9,
        input_timeout=2,
        memory=10**15,
        output=10,
        processes=3,
    )

    assert lowered.cpu_time_s == 0.5
    assert lowered.wall_time_s == ours.wall_time_s
    assert lowered.input_timeout_s == 2
    assert lowered.memory_bytes == ours.memory_bytes
    assert lowered.output_bytes == 10
    assert lowered.processes == 3
    assert lowered.disk_bytes == ours.disk_bytes
    assert ours.lowered() == ours


def test_compiling_waits_for_nobody() -> None:
    assert find("c").compile_limits.input_timeout_s == 0
