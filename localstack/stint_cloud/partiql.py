"""Authorises PartiQL per statement, as DynamoDB does.

`ExecuteTransaction` is no IAM action of its own: every statement is checked as `dynamodb:PartiQLInsert`, `Update`,
`Delete` or `Select` on the table it names. The insert-only audit table rests on this.
"""

import json
import re

from ministack.core import iam_actions

OPERATIONS = ("dynamodb:ExecuteStatement", "dynamodb:BatchExecuteStatement", "dynamodb:ExecuteTransaction")
STATEMENT = re.compile(
    r'\s*(?P<verb>INSERT\s+INTO|UPDATE|DELETE\s+FROM|SELECT\b.*?\bFROM|EXISTS\s*\(\s*SELECT\b.*?\bFROM)'
    r'\s+"?(?P<table>[A-Za-z0-9_.-]+)"?(?:\s*\.\s*"?(?P<index>[A-Za-z0-9_.-]+)"?)?',
    re.IGNORECASE | re.DOTALL,
)
ACTIONS = {"INSERT": "PartiQLInsert", "UPDATE": "PartiQLUpdate", "DELETE": "PartiQLDelete"}


def statements(body):
    data = json.loads(body or b"{}")
    return data.get("TransactStatements") or data.get("Statements") or [data]


def check(statement, region, account_id):
    """The action and resource of one statement, or None where its shape is unknown."""
    found = STATEMENT.match(str(statement.get("Statement", "")))
    if not found:
        return None
    action = ACTIONS.get(found["verb"].split()[0].upper(), "PartiQLSelect")
    arn = iam_actions._dynamodb_table_arn(found["table"], region, account_id)
    if action == "PartiQLSelect" and found["index"]:
        arn += f"/index/{found['index']}"
    return f"dynamodb:{action}", arn


def install():
    other_checks = iam_actions.dynamodb_transaction_checks

    def checks(iam_action, body, region, account_id):
        if iam_action not in OPERATIONS:
            return other_checks(iam_action, body, region, account_id)
        found = [check(statement, region, account_id) for statement in statements(body)]
        # Nothing to check falls back to the enclosing operation, which no policy allows: unknown shapes are denied.
        return [] if None in found else found

    iam_actions.dynamodb_transaction_checks = checks
