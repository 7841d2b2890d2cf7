"""The tree of errors; the type says what to do next.

GreenrampError
├── ConfigError        fix the file; nothing was touched
├── Refused            the order can't be taken now or at all; nothing was touched
│   └── ReleaseUnderWay    another release holds the service: wait, or roll it back
├── Unreachable        a system does not answer: try again
├── BadEvidence        a source answers with what can't be evidence: its gates are invalid, mend the source
├── NotConfirmed       a system answered but does not do what was asked: try again
├── Fenced             somebody else has taken the service over: stop, touch nothing
├── ProvisionFailed    the environment does not come up: the candidate stays out
├── CheckFailed        preflight or smoke says no: the candidate stays out
├── GateFailed         a gate says no: the candidate stays out
├── Overruled          a person ended the release, or none approved it: the candidate stays out
├── NoEvidence         the gates could not decide in time: the candidate stays out
├── PutBackFailed      the way back did not finish; the message names the command to run
└── IllegalTransition  a bug
"""


class GreenrampError(Exception):
    """Root of all errors raised on purpose; its text is one sentence for a person."""


class ConfigError(GreenrampError):
    """A configuration file or an argument is wrong; nothing was touched."""


class Refused(GreenrampError):
    """The order can't be taken; nothing was touched."""


class ReleaseUnderWay(Refused):
    """Another release holds the service."""


class Unreachable(GreenrampError):
    """A system does not answer; a second try may cure it."""


class BadEvidence(GreenrampError):
    """A source answers, but with what can't be evidence; a second try gives the same."""


class NotConfirmed(GreenrampError):
    """A system was told, but does not do what it was told; a second try may cure it."""


class Fenced(GreenrampError):
    """The service now belongs to another owner; whoever sees this stops and touches nothing."""


class ProvisionFailed(GreenrampError):
    """An environment does not come up."""


class CheckFailed(GreenrampError):
    """A preflight or smoke check says no."""


class GateFailed(GreenrampError):
    """A gate has shown the candidate to be worse than allowed."""


class Overruled(GreenrampError):
    """A person aborted or rejected the release, or nobody approved it in time."""


class NoEvidence(GreenrampError):
    """The gates could not decide within the time allowed."""


class PutBackFailed(GreenrampError):
    """The way back did not finish; the message names the command that finishes it."""


class IllegalTransition(GreenrampError):
    """A step that the phase table does not hold: a bug."""
