"""The local cloud's honesty test: deploys the real template with stand-ins for the functions and probes every
behaviour of AWS that Stint's tests rely on. Prints `ok` and `FAIL` lines; ends with 1 if anything failed.

    python localstack/check.py
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from checks import (  # noqa: E402
    api,
    chains,
    directory,
    events,
    faults,
    harness,
    keys,
    propagation,
    report,
    role_requests,
    rotation,
    sessions,
    tables,
    template,
    trust,
    users,
    wardens,
    workflow,
)

IAM = (users, directory, wardens, keys, trust, role_requests, sessions, chains, propagation)
PARTS = (template, tables, *IAM, api, workflow, faults, rotation, events)


def main():
    with harness.running() as cloud:
        harness.deploy(cloud)
        for part in PARTS:
            print(f"-- {part.__name__.rsplit('.', 1)[-1]}", flush=True)
            part.run(cloud)
        events.schedule(cloud)
    print(f"{len(report.failed)} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
