"""The policies as data: for each language, names and the reason why they are refused or allowed.

Change a policy here; the walkers beside this folder know no names of their own.
"""


def words(text: str) -> list[str]:
    """A table of names as people read and sort it: as plain words."""
    return text.split()
