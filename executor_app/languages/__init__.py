"""The languages that programs can be written in, as data: see `languages.toml`.

First stop of a job on its way: the browser's edge asks what exists, validation asks how it is
read, the runner asks what to start and within which limits. Nothing here runs anything.
"""

from executor_app.languages.model import OUTPUT_NAME, Hello, Language, Limits
from executor_app.languages.reader import LanguageFileError
from executor_app.languages.registry import UnknownLanguage, find, languages, load

__all__ = [
    "OUTPUT_NAME",
    "Hello",
    "Language",
    "LanguageFileError",
    "Limits",
    "UnknownLanguage",
    "find",
    "languages",
    "load",
]
