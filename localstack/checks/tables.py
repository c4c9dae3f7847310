"""Tables: PartiQL rights per statement, the insert-only audit, the indexes."""

from .report import check


def insert(table, **values):
    item = ", ".join(f"'{name}': ?" for name in values)
    return {"Statement": f'INSERT INTO "{table}" VALUE {{{item}}}', "Parameters": list(values.values())}


def s(value):
    return {"S": str(value)}


def event(seq):
    return insert("stint-audit", stream=s("a"), seq={"N": str(seq)}, day_shard=s("d#0"), at_id=s(f"2026-{seq}"))


def update(version, expected):
    statement = 'UPDATE "stint-grants" SET version = ? WHERE pk = ? AND sk = ? AND version = ?'
    return {"Statement": statement, "Parameters": [s(version), s("r1"), s("r1"), s(expected)]}


def transact(cloud, *statements):
    return cloud.call("grant", "dynamodb", "execute_transaction", TransactStatements=list(statements))


def stream_query():
    """`stream` is a reserved word of expressions."""
    return {"TableName": "stint-audit", "KeyConditionExpression": "#s = :a", "ExpressionAttributeNames": {"#s": "stream"},
            "ExpressionAttributeValues": {":a": s("a")}}


def seq_count(cloud):
    return cloud.client("dynamodb").query(**stream_query())["Count"]


def run(cloud):
    transactions(cloud)
    rights(cloud)
    indexes(cloud)


def transactions(cloud):
    head = insert("stint-grants", pk=s("r1"), sk=s("r1"), version=s(1))
    check("a grant and its event are inserted in one transaction", transact(cloud, head, event(1)), dict_like)
    check("a conditional update commits with its event", transact(cloud, update(2, 1), event(2)), dict_like)
    check("a stale update is cancelled", transact(cloud, update(3, 1), event(3)), "TransactionCanceledException")
    check("and its event with it", seq_count(cloud), 2)
    check("a sequence number is taken once", transact(cloud, update(3, 2), event(2)), "TransactionCanceledException")


def rights(cloud):
    denied = "AccessDeniedException"
    item = {"stream": s("a"), "seq": {"N": "9"}}
    check("no function may put an audit item", cloud.call(
        "grant", "dynamodb", "put_item", TableName="stint-audit", Item=item), denied)
    for verb, text in {
        "update": 'UPDATE "stint-audit" SET x = 1 WHERE "stream" = \'a\' AND seq = 1',
        "delete": 'DELETE FROM "stint-audit" WHERE "stream" = \'a\' AND seq = 1',
        "select": 'SELECT * FROM "stint-audit" WHERE "stream" = \'a\'',
    }.items():
        check(f"no function may {verb} audit items", cloud.call(
            "grant", "dynamodb", "execute_statement", Statement=text), denied)
    check("a batch is no way around it", cloud.call("grant", "dynamodb", "batch_execute_statement", Statements=[
        {"Statement": 'DELETE FROM "stint-audit" WHERE "stream" = \'a\' AND seq = 1'}]), denied)
    query = stream_query()
    check("grant may not read the audit", cloud.call("grant", "dynamodb", "query", **query), denied)
    check("request may, for auditors", cloud.call("request", "dynamodb", "query", **query), dict_like)
    check("grant may read a grant", cloud.call(
        "grant", "dynamodb", "get_item", TableName="stint-grants", Key={"pk": s("r1"), "sk": s("r1")}), dict_like)
    check("no function may scan", cloud.call("reconcile", "dynamodb", "scan", TableName="stint-grants"), denied)


def indexes(cloud):
    for n in range(3):
        cloud.client("dynamodb").put_item(TableName="stint-grants", Item={
            "pk": s(f"g{n}"), "sk": s("g"), "gsi_due_shard": s("due#0"), "gsi_due_at": s(f"2026-0{n + 1}")})
    due = {"TableName": "stint-grants", "IndexName": "by_due", "ExpressionAttributeValues": {":p": s("due#0")}}
    between = due | {"KeyConditionExpression": "gsi_due_shard = :p AND gsi_due_at BETWEEN :a AND :b"}
    between["ExpressionAttributeValues"] = {":p": s("due#0"), ":a": s("2026-01"), ":b": s("2026-02")}
    check("an index answers between", cloud.call("reconcile", "dynamodb", "query", **between), lambda r: r["Count"] == 2)
    begins = {"TableName": "stint-audit", "IndexName": "by_day",
              "KeyConditionExpression": "day_shard = :p AND begins_with(at_id, :a)",
              "ExpressionAttributeValues": {":p": s("d#0"), ":a": s("2026-")}}
    check("an index answers begins_with", cloud.call("request", "dynamodb", "query", **begins), lambda r: r["Count"] == 2)
    for table in ("stint-grants", "stint-audit"):
        described = cloud.client("dynamodb").describe_table(TableName=table)["Table"]
        check(f"{table} is protected from deletion", described["DeletionProtectionEnabled"])


def dict_like(answer):
    return isinstance(answer, dict)
