"""Runs the local cloud for as long as somebody holds on to it: the other end of standard input, a file, or both.

    python leash.py [--stdin] [--while FILE] cloud.py ARGUMENT...

A test's statics are never dropped and a process can be killed, but its pipe is closed in any case. Letting go ends the
cloud as SIGTERM does; if that takes long, its whole process group is killed.
"""

import os
import runpy
import signal
import sys
import threading
import time

PATIENCE = 8  # seconds
EVERY = 0.25


def until_closed():
    while os.read(0, 4096):
        pass


def while_there(path):
    while os.path.exists(path):
        time.sleep(EVERY)


def leash(held, *args):
    held(*args)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main():
    args = sys.argv[1:]
    while args and args[0].startswith("--"):
        if args.pop(0) == "--stdin":
            threading.Thread(target=leash, args=(until_closed,), daemon=True).start()
        else:
            threading.Thread(target=leash, args=(while_there, args.pop(0)), daemon=True).start()
    sys.argv = args
    sys.path.insert(0, os.path.dirname(os.path.abspath(args[0])))
    runpy.run_path(args[0], run_name="__main__")


if __name__ == "__main__":
    main()
