"""Cold start, first and warm calls, memory and size of Lambda executables, without AWS, on Linux.

    python lambda_bench.py PLAN.json

The plan: {"rounds", "warm", "instructions", "fixtures", "baseline", "targets": [{"name", "program", "env", "event",
"limits", "ratios", and, if other than the plan's, "rounds", "warm", more "fixtures"}]}. The targets are run one after the other in each round, in random order, so that whatever else
the machine does hits all of them. `limits` are absolute, `ratios` to the baseline of the same round. `{url}` and
`{token}` in events and env become the fake endpoint and a token of it. Ends with 1 if a limit or ratio is exceeded.

Metrics (milliseconds, MiB, instructions): init (spawn to the first poll), init_cpu, first, warm (median), rss (peak), zip,
instr_init, instr_first, instr_warm, instr_cold (what the first call takes more than a later one).
"""

import io
import json
import os
import random
import statistics
import sys
import zipfile

from fake_aws import FakeAws
from runtime_api import Run, instructions

MEASURED = ("init", "init_cpu", "first", "warm", "rss")
COLUMNS = (*MEASURED, "zip", "calls_first", "instr_init", "instr_first", "instr_warm", "instr_cold")


def filled(value, words):
    if isinstance(value, str):
        for name, text in words.items():
            value = value.replace("{%s}" % name, text)
        return value
    if isinstance(value, dict):
        return {key: filled(one, words) for key, one in value.items()}
    return [filled(one, words) for one in value] if isinstance(value, list) else value


def zipped_mib(program):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.write(program, "bootstrap")
    return len(archive.getvalue()) / 1048576


def rounds(plan, targets, fake):
    """Per target and metric, one value a round. The first round only warms the page cache."""
    order, rows = random.Random(7), {t["name"]: [] for t in targets}
    for number in range(plan["rounds"] + 1):
        for target in order.sample(targets, len(targets)):
            if number > target.get("rounds", plan["rounds"]):
                continue
            fake.fixtures = target["fixtures"]
            row = Run(target, 1 + target.get("warm", plan["warm"]), fake).go()
            if number:
                rows[target["name"]].append(row)
        print(f"\r   round {number} of {plan['rounds']}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return rows


def summary(target, rows):
    row = {name: statistics.median(one[name] for one in rows) for name in MEASURED}
    row["rss"] = max(one["rss"] for one in rows)
    row["calls_first"] = statistics.median(one["calls_first"] for one in rows)
    row["zip"] = zipped_mib(target["program"])
    return row


def ratio(metric, rows, base, summaries, name, baseline):
    """The median of the rounds' ratios where there are rounds, else the plain ratio."""
    if metric in MEASURED:
        return statistics.median(a[metric] / b[metric] for a, b in zip(rows, base))
    one, other = summaries[name].get(metric), summaries[baseline].get(metric)
    return one / other if one and other else None


def shown(value, metric):
    if value is None:
        return "-"
    if metric.startswith("instr"):
        return f"{value / 1e6:.2f}M"
    return f"{value:g}" if metric.startswith("calls") else f"{value:.2f}"


def table(summaries):
    print(f"{'':<16}" + "".join(f"{c:>12}" for c in COLUMNS))
    for name, row in summaries.items():
        print(f"{name:<16}" + "".join(f"{shown(row.get(c), c):>12}" for c in COLUMNS))


def exceeded(plan, targets, rows, summaries):
    baseline = plan["baseline"]
    for target in targets:
        name = target["name"]
        if name != baseline and not summaries[name]["calls_first"]:
            yield f"{name}: its first call does not reach AWS, so it measures nothing"
        for metric, most in target.get("limits", {}).items():
            value = summaries[name].get(metric)
            if None not in (value, most) and value > most:
                yield f"{name}: {metric} is {shown(value, metric)}, at most {shown(most, metric)}"
        for metric, most in target.get("ratios", {}).items():
            value = ratio(metric, rows[name], rows[baseline], summaries, name, baseline)
            if value is not None:
                print(f"{name}: {metric} is {value:.2f} x {baseline} (at most {most})")
            if value is not None and value > most:
                yield f"{name}: {metric} is {value:.2f} x {baseline}, at most {most}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    fake = FakeAws(plan["fixtures"])
    words = {"url": fake.url, "token": fake.token()}
    for target in plan["targets"]:
        target["fixtures"] = target.get("fixtures", []) + plan["fixtures"]
    targets = [{**t, "event": filled(t["event"], words), "env": filled(t["env"], words)} for t in plan["targets"]]
    rows = rounds(plan, targets, fake)
    summaries = {t["name"]: summary(t, rows[t["name"]]) for t in targets}
    if plan["instructions"]:
        for target in targets:
            print(f"   counting instructions: {target['name']}", file=sys.stderr)
            fake.fixtures = target["fixtures"]
            summaries[target["name"]].update(instructions(target, fake))
    table(summaries)
    failures = list(exceeded(plan, targets, rows, summaries))
    print("\n".join(f"EXCEEDED {line}" for line in failures) or "within all limits")
    sys.stdout.flush()
    os._exit(1 if failures else 0)  # connections of dead children may still be open


if __name__ == "__main__":
    main()
