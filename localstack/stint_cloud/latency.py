"""Takes out two waits of the emulator that no cloud has."""

import socketserver

from ministack.core import lambda_runtime

LOG_WAIT_SECONDS = 0.002


def install():
    drain = lambda_runtime.Worker._drain_stderr_bounded

    def drain_shortly(self, *args, **kwargs):
        """The emulator waits 100 ms for a first log line after every invocation that logged nothing."""
        return drain(self, *args, **{**kwargs, "first_line_wait": LOG_WAIT_SECONDS})

    lambda_runtime.Worker._drain_stderr_bounded = drain_shortly
    # Small answers of the runtime API would stall 40 ms on Nagle's algorithm and delayed acknowledgements.
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True
