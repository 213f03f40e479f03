"""Errors that a user can act on.

Each carries one message: what was wrong, where, and what to do about it. Adapters and the command
line print it without a traceback and exit non-zero; all else is a bug and keeps its traceback.
"""


class MythmeterError(Exception):
    """Base of every error whose message is meant for the user."""


class ConfigError(MythmeterError):
    """The configuration, the sheet of renders or a person's file is wrong."""


class ConsentError(MythmeterError):
    """Nobody may be imitated without a valid record that covers exactly this."""


class MediaError(MythmeterError):
    """A clip or an audio file cannot be used as it is."""


class FaceError(MythmeterError):
    """A face that a stage needs was not found."""


class SpeechError(MythmeterError):
    """A script cannot be spoken or a voice cannot be enrolled."""


class ModelError(MythmeterError):
    """Weights are missing, changed, or under a licence that was not accepted."""


class DeviceError(MythmeterError):
    """The device that was asked for is not there, or fewer of them than needed."""


class ProvenanceError(MythmeterError):
    """A mark could not be written, or is missing from the finished file."""


class DamagedError(MythmeterError):
    """A file that a job wrote is no longer what it wrote."""


class UsageError(MythmeterError):
    """A usage record is damaged, or from a version that this one cannot read."""


class AnswerError(MythmeterError):
    """A question cannot be answered from these inputs: one is missing, or makes no sense."""


class UnfoundedError(MythmeterError):
    """A number was about to be printed or plotted without its unit, its n or its source."""
