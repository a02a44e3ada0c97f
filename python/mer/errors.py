"""What goes wrong, in the words of the C++ library and of the program."""

from __future__ import annotations


class Error(Exception):
    """Something a user can understand and act on.

    Attributes
    ----------
    message : str
        Where, what, which value and what is allowed.
    hint : str
        What to do next; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message + (f"\n  hint: {self.hint}" if self.hint else "")


class UsageError(Error):
    """A call, an option, a config, a manifest or a model is wrong or can't be found."""


class InputError(Error):
    """A sound is at fault: missing, damaged, silent, too short."""
