"""Turns the parsed language file into types, strictly.

Every key is required, but for the table `early`, and none may be left over: a misspelt limit that
silently is not there would be found by the first program that needed it. Errors name the table and
the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from executor_app.languages.model import ALL_SOURCES, PLACEHOLDER, Early, Hello, Language, Limits


class LanguageFileError(ValueError):
    """The language file is wrong; the text names the table and the key."""


class Table:
    """One TOML table that remembers which of its keys were asked for."""

    def __init__(self, where: str, values: object) -> None:
        if not isinstance(values, dict):
            raise LanguageFileError(f"[{where}] must be a table")
        self.where = where
        self._values: dict[str, object] = dict(values)

    def text(self, key: str) -> str:
        value = self._take(key)
        if not isinstance(value, str) or not value:
            raise self.wrong(key, "must be a text that is not empty")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._take(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, "must be a list of texts")
        return tuple(value)

    def size(self, key: str) -> int:
        value = self._take(key)
        # TOML's true is Python's int 1.
        if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
            raise self.wrong(key, "must be a whole number above 0")
        return value

    def seconds(self, key: str) -> float:
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise self.wrong(key, "must be a number of seconds above 0")
        return float(value)

    def table(self, key: str) -> Table:
        return Table(f"{self.where}.{key}", self._take(key))

    def patterns(self, key: str) -> tuple[re.Pattern[str], ...]:
        try:
            return tuple(re.compile(text) for text in self.texts(key))
        except re.error as error:
            raise self.wrong(key, f"has a pattern that is wrong: {error}") from None

    def has(self, key: str) -> bool:
        return key in self._values

    def mapping(self, key: str) -> Mapping[str, str]:
        inner = self.table(key)
        return MappingProxyType({name: inner.text(name) for name in list(inner._values)})

    def end(self) -> None:
        """Nothing else may be in this table."""
        for key in self._values:
            raise self.wrong(key, "is not a key that this table has")

    def wrong(self, key: str, what: str) -> LanguageFileError:
        return LanguageFileError(f"[{self.where}] {key}: {what}")

    def _take(self, key: str) -> object:
        if key not in self._values:
            raise self.wrong(key, "is missing")
        return self._values.pop(key)


def read_language(name: str, values: object) -> Language:
    """The language that the table called `name` describes, or LanguageFileError."""
    table = Table(name, values)
    limits = table.table("limits")
    language = Language(
        name=name,
        title=table.text("title"),
        aliases=table.texts("aliases"),
        file_name=table.text("file_name"),
        extensions=table.texts("extensions"),
        highlight=table.text("highlight"),
        compile=_command(table, "compile"),
        run=_command(table, "run"),
        toolchain=table.text("toolchain"),
        version=table.texts("version"),
        toolchain_files=table.texts("toolchain_files"),
        precompiled=table.texts("precompiled"),
        env=table.mapping("env"),
        compile_limits=_limits(limits.table("compile"), asks_people=False),
        run_limits=_limits(limits.table("run"), asks_people=True),
        example=table.text("example"),
        hello=_hello(table.table("hello")),
        early=_early(table.table("early")) if table.has("early") else None,
    )
    limits.end()
    table.end()
    if language.compile and language.early is not None:
        raise table.wrong("early", "is for what needs no compiling: a program starts by itself")
    for key, argv in (("run", language.run), ("version", language.version)):
        if not argv:
            raise table.wrong(key, "must name a command")
    return language


def _hello(table: Table) -> Hello:
    hello = Hello(code=table.text("code"), expected=table.text("expected"))
    table.end()
    return hello


def _early(table: Table) -> Early:
    code = (re.compile(each.pattern.encode()) for each in table.patterns("not_code"))
    early = Early(not_names=table.patterns("not_names"), not_code=tuple(code))
    table.end()
    return early


def _limits(table: Table, *, asks_people: bool) -> Limits:
    limits = Limits(
        cpu_time_s=table.seconds("cpu_time_s"),
        wall_time_s=table.seconds("wall_time_s"),
        input_timeout_s=table.seconds("input_timeout_s") if asks_people else 0.0,
        memory_bytes=table.size("memory_bytes"),
        processes=table.size("processes"),
        output_bytes=table.size("output_bytes"),
        file_size_bytes=table.size("file_size_bytes"),
        disk_bytes=table.size("disk_bytes"),
    )
    table.end()
    return limits


def _command(table: Table, key: str) -> tuple[str, ...]:
    """An argument list whose every placeholder is one that will be filled in."""
    argv = table.texts(key)
    for part in argv:
        unfilled = "" if part == ALL_SOURCES else PLACEHOLDER.sub("", part)
        if found := re.search(r"\{.*?\}", unfilled):
            raise table.wrong(key, f"knows no placeholder {found[0]} in {part!r}")
    return argv
