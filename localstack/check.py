"""The local cloud's honesty test: deploys the real template with stand-ins for the functions and probes every
behaviour of AWS that Stint's tests rely on. Prints `ok` and `FAIL` lines; ends with 1 if anything failed.

    python localstack/check.py
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from checks import api, events, faults, harness, report, tables, template, users, workflow  # noqa: E402


def main():
    with harness.running() as cloud:
        harness.deploy(cloud)
        for part in (template, tables, users, api, workflow, faults, events):
            print(f"-- {part.__name__.rsplit('.', 1)[-1]}", flush=True)
            part.run(cloud)
        events.schedule(cloud)
    print(f"{len(report.failed)} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
