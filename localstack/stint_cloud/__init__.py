"""What Stint relies on and the emulator lacks, one module each.

Every module has an `install()` that replaces functions of the emulator in place. They know ministack 1.5.33 and
nothing of Stint but the name of its HTTP API (`front`).
"""

from . import (
    assume_role,
    async_lambda,
    callbacks,
    database,
    executions,
    front,
    iam,
    iam_arns,
    iam_credentials,
    iam_lists,
    iam_users,
    latency,
    mail,
    partiql,
    propagation,
    rotation,
    sessions,
    trust,
    user_pools,
    workers,
)

# propagation stands around all that reads, writes and decides, so it is the last of those.
IAM = (iam, iam_credentials, iam_users, iam_lists, iam_arns, sessions, trust, assume_role, propagation)


def install():
    for part in (latency, partiql, *IAM, mail, user_pools, rotation, callbacks, executions, async_lambda, workers,
                 front):
        part.install()


def stop():
    """Ends the functions' processes, which would outlive the cloud."""
    database.stop()
    workers.stop()
