"""What can be wrong with the contract's values. One base; every message says what, where and what was expected."""

from __future__ import annotations


class SchemasError(Exception):
    """Base of every error this package raises on purpose."""


class InvalidAttributeValue(SchemasError):
    """Raised when something that should be DynamoDB JSON is not.

    `path` is where it stands (`NewImage.Roles[2]`), `found` what stood there, `expected` what should have.
    """

    def __init__(self, path: str, found: str, expected: str) -> None:
        super().__init__(f"{path} is {found}, expected {expected}")
        self.path, self.found, self.expected = path, found, expected

    def under(self, path: str) -> InvalidAttributeValue:
        """The same of a value that stands under `path`."""
        return InvalidAttributeValue(path + self.path, self.found, self.expected)


class InvalidKey(SchemasError):
    """Raised when a text is not the key of an item, or an item's key cannot be written as one."""


class InvalidVersion(SchemasError):
    """Raised when a stream label or a sequence number cannot be part of a version."""


class InvalidSchema(SchemasError):
    """Raised when an .avsc file does not describe a change event as this project writes it."""


class DoesNotFit(SchemasError):
    """Raised inside the encoder when a number of the right type cannot stand in a long; it goes to `unmapped`."""


class UndecodableEvent(SchemasError):
    """Raised when bytes are not a change event: wrong framing, truncated, or not what their schema says."""


class BrokenValue(SchemasError):
    """Raised inside the decoder when bytes are no value of their type; it becomes an UndecodableEvent.

    `found` says what is wrong; `path` is where, in parts, and grows on the way out, innermost first.
    """

    def __init__(self, found: str, *path: str) -> None:
        super().__init__(found)
        self.found, self.path = found, list(path)


class UnknownSchema(SchemasError):
    """Raised when a registry that answers does not know a schema id or a subject."""


class RegistryUnavailable(SchemasError):
    """Raised when a registry does not answer, or answers that it cannot; to be tried again. `url` is its address."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"the schema registry at {url} {reason}")
        self.url = url


class IncompatibleSchema(SchemasError):
    """Raised when a registry refuses a schema that does not go with the earlier ones of its subject.

    `subject` is whose it would have been; `reason` is what the registry said.
    """

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(f"the registry takes no such schema for the subject {subject}: {reason}")
        self.subject, self.reason = subject, reason


class SettingsError(SchemasError):
    """Raised when a setting is missing or wrong; names the variable and what it should be. `setting`: its name."""

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(f"DISTRIBUTARY_{setting.upper()} {problem}")
        self.setting = setting


class UnknownTopic(SchemasError):
    """Raised when a table or a topic has no line in `schemas/topics.py`."""
