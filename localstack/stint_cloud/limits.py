"""What IAM and STS refuse by its form alone: names, paths, tags.

On AWS this is a ValidationError before anything else is looked at. The emulator took whatever came.
"""

import re
from xml.sax.saxutils import escape

from ministack.services import iam

NAME = r"[\w+=,.@-]*"
PATH = r"/|/[\u0021-\u007E]+/"
TAGS = 50


def fault(at, value, low, high, pattern=NAME):
    """The sentence AWS answers where `value` is no such text, else None."""
    if len(value) < low:
        wrong = f"Member must have length greater than or equal to {low}"
    elif len(value) > high:
        wrong = f"Member must have length less than or equal to {high}"
    elif not re.fullmatch(pattern, value, re.ASCII):
        wrong = f"Member must satisfy regular expression pattern: {pattern}"
    else:
        return None
    return f"1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: {wrong}"


def is_tag_text(text):
    """Letters, digits and spaces of any script, and `_.:/=+-@`."""
    return all(c.isalnum() or c.isspace() and c not in "\t\r\n" or c in "_.:/=+-@" for c in text)


def tag_fault(tags):
    if len(tags) > TAGS:
        return (f"1 validation error detected: Value at 'tags' failed to satisfy constraint: "
                f"Member must have length less than or equal to {TAGS}")
    for n, tag in enumerate(tags, 1):
        found = (fault(f"tags.{n}.member.key", tag["Key"], 1, 128, r"(?s).*")
                 or fault(f"tags.{n}.member.value", tag["Value"], 0, 256, r"(?s).*"))
        if found:
            return found
        if not is_tag_text(tag["Key"] + tag["Value"]) or tag["Key"].lower().startswith("aws:"):
            return (f"1 validation error detected: Value '{tag['Key']}' at 'tags.{n}.member' failed to satisfy "
                    "constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+")
    return None


def refusal(status, code, message, service="iam"):
    return iam._error(status, code, escape(message), ns=service)


def invalid(message, service="iam"):
    return refusal(400, "ValidationError", message, service)
