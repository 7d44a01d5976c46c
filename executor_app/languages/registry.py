"""The languages that exist, loaded once, found by name or alias."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from executor_app.languages.model import Language
from executor_app.languages.reader import LanguageFileError, read_language

LANGUAGE_FILE = Path(__file__).with_name("languages.toml")


class UnknownLanguage(LookupError):  # noqa: N818 - it reads as a sentence
    """No language has this name; the text lists those that exist and may be shown as it is."""


def load(path: Path | None = None) -> Mapping[str, Language]:
    """The languages of a file, by name and in its order; LanguageFileError if it is wrong."""
    path = path or LANGUAGE_FILE
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LanguageFileError(f"{path.name} is not TOML: {error}") from error
    loaded = {name: read_language(name, values) for name, values in tables.items()}
    _by_any_name(loaded)
    return MappingProxyType(loaded)


@cache
def languages() -> Mapping[str, Language]:
    """The languages of this installation, by name, in the order they are offered."""
    return load()


def find(name_or_alias: str) -> Language:
    """The language that people mean by this name, whatever its case, or UnknownLanguage."""
    found = _ours_by_any_name().get(name_or_alias.strip().lower())
    if found is None:
        known = ", ".join(languages())
        raise UnknownLanguage(f"There is no language {name_or_alias!r}. There are: {known}.")
    return found


@cache
def _ours_by_any_name() -> Mapping[str, Language]:
    return _by_any_name(languages())


def _by_any_name(loaded: Mapping[str, Language]) -> dict[str, Language]:
    names: dict[str, Language] = {}
    for language in loaded.values():
        for name in (language.name, *language.aliases):
            if name != name.lower():
                raise LanguageFileError(f"[{language.name}] {name!r} must be in lower case")
            if name in names:
                other = names[name].name
                raise LanguageFileError(f"[{language.name}] {name!r} already names {other}")
            names[name] = language
    return names
