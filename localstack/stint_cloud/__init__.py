"""What Stint relies on and the emulator lacks, one module each.

Every module has an `install()` that replaces functions of the emulator in place. They know ministack 1.5.33 and
nothing of Stint but the name of its HTTP API (`front`).
"""

from . import async_lambda, callbacks, executions, front, iam, latency, mail, partiql, user_pools, workers


def install():
    for part in (latency, partiql, iam, mail, user_pools, callbacks, executions, async_lambda, workers, front):
        part.install()


def stop():
    """Ends the functions' processes, which would outlive the cloud."""
    workers.stop()
