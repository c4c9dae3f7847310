"""Prints `ok` and `FAIL` lines and remembers whether all was well."""

failed = []


def check(rule, actual, expected=True):
    """A rule is a sentence; what it expects may be a value or a predicate."""
    holds = expected(actual) if callable(expected) else actual == expected
    print(f"{'ok  ' if holds else 'FAIL'} {rule}" + ("" if holds else f": got {actual!r}"), flush=True)
    if not holds:
        failed.append(rule)
