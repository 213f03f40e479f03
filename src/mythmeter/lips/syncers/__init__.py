"""Syncers: give a swapped face the mouth that the speech asks for. Chosen by name in the config."""

from collections.abc import Callable, Mapping

from mythmeter.errors import ConfigError
from mythmeter.lips.syncers.protocol import Supplied, SyncContext, Syncer
from mythmeter.lips.syncers.rewrite import RewriteSyncer
from mythmeter.lips.syncers.wav2lip import Wav2LipSyncer

SYNCERS: Mapping[str, Callable[[SyncContext], Syncer]] = {
    "rewrite": RewriteSyncer,
    "wav2lip": Wav2LipSyncer,
}


def make_syncer(name: str, context: SyncContext) -> Syncer:
    """Return the syncer of that name.

    Raises:
        ConfigError: no such syncer.
    """
    if name not in SYNCERS:
        raise ConfigError(
            f"lips.syncer: {name!r} is not a syncer. Known: {', '.join(sorted(SYNCERS))}."
        )
    return SYNCERS[name](context)


__all__ = ["SYNCERS", "Supplied", "SyncContext", "Syncer", "make_syncer"]
