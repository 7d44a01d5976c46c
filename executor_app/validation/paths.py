"""Does a path written in a program stay among the person's own files?"""

import posixpath


def leaves_the_program(path: str, written_in: str) -> bool:
    """True for absolute paths and for those that climb out of the folder the program lives in."""
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(written_in), path))
    return path.startswith("/") or joined.startswith(("/", "..")) or "\\" in path
