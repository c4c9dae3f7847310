//! Both tables, under the role of each function: what is refused, beside what is allowed.

use crate::session::Role;
use crate::{PROVIDER, on_the_tables};
use serde_json::{Value, json};
use stint_local::http::Answer;
use stint_local::stage::Stage;

const AUDIT: &str = "stint-audit";
const GRANTS: &str = "stint-grants";

fn statement(text: &str) -> Value {
    json!({"Statement": text})
}

/// An event of a stream that nobody reads.
fn event(stream: &str) -> Value {
    let (day, at) = (json!({"S": "2020-01-01#00"}), json!({"S": "2020-01-01T00:00:00.000Z"}));
    json!({"stream": {"S": stream}, "seq": {"N": "1"}, "day_shard": day, "at_id": at})
}

fn insert(stream: &str) -> Value {
    let text = "INSERT INTO \"stint-audit\" VALUE {'stream': ?, 'seq': 1, 'day_shard': ?, 'at_id': ?}";
    let day = json!({"S": "2020-01-01#00"});
    json!({"Statement": text, "Parameters": [{"S": stream}, day, {"S": "2020-01-01T00:00:00.000Z"}]})
}

#[test]
fn the_audit_can_be_added_to_and_not_changed_by_any_function() {
    let stage = Stage::shared().unwrap();
    for function in on_the_tables() {
        let (role, stream) = (Role::of(stage, function), format!("roles-{function}"));
        role.allowed("INSERT", &role.dynamodb("ExecuteStatement", &insert(&stream)));
        role.passed("INSERT, once", &role.dynamodb("ExecuteStatement", &insert(&stream)), "DuplicateItem");
        changes(&role, &stream);
        reads(&role, &stream);
    }
}

fn changes(role: &Role<'_>, stream: &str) {
    let key = json!({"stream": {"S": stream}, "seq": {"N": "1"}});
    let of = format!("WHERE \"stream\" = '{stream}' AND seq = 1");
    let refused =
        |what: &str, operation: &str, body: &Value| role.refused(what, &role.dynamodb(operation, body));
    let update = format!("UPDATE \"stint-audit\" SET doc = 'x' {of}");
    let delete = format!("DELETE FROM \"stint-audit\" {of}");
    for text in [&update, &delete] {
        refused(text, "ExecuteStatement", &statement(text));
        refused("a batch", "BatchExecuteStatement", &json!({"Statements": [statement(text)]}));
        refused("a transaction", "ExecuteTransaction", &json!({"TransactStatements": [statement(text)]}));
    }
    let put = json!({"TableName": AUDIT, "Item": event(stream)});
    refused("PutItem", "PutItem", &put);
    let set = json!({"TableName": AUDIT, "Key": key, "UpdateExpression": "SET doc = :x",
                     "ExpressionAttributeValues": {":x": {"S": "x"}}});
    refused("UpdateItem", "UpdateItem", &set);
    refused("DeleteItem", "DeleteItem", &json!({"TableName": AUDIT, "Key": key}));
    let batch = json!({"RequestItems": {AUDIT: [{"DeleteRequest": {"Key": key}}]}});
    refused("BatchWriteItem", "BatchWriteItem", &batch);
    let transaction = json!({"TransactItems": [{"Delete": {"TableName": AUDIT, "Key": key}}]});
    refused("TransactWriteItems", "TransactWriteItems", &transaction);
    refused("DeleteTable", "DeleteTable", &json!({"TableName": AUDIT}));
}

/// Only auditors' questions need to read it, and the API answers those.
fn reads(role: &Role<'_>, stream: &str) {
    let query = json!({"TableName": AUDIT, "KeyConditionExpression": "#s = :s",
        "ExpressionAttributeNames": {"#s": "stream"}, "ExpressionAttributeValues": {":s": {"S": stream}}});
    let answer = role.dynamodb("Query", &query);
    if role.function == "stint-request" {
        role.allowed("Query", &answer);
        assert_eq!(answer.json()["Count"], 1, "{}", answer.body);
    } else {
        role.refused("Query", &answer);
    }
    role.refused("Scan", &role.dynamodb("Scan", &json!({"TableName": AUDIT})));
    let select = statement(&format!("SELECT * FROM \"stint-audit\" WHERE \"stream\" = '{stream}'"));
    role.refused("SELECT", &role.dynamodb("ExecuteStatement", &select));
}

#[test]
fn records_are_read_by_key_written_by_condition_and_never_deleted() {
    let stage = Stage::shared().unwrap();
    for function in on_the_tables() {
        let role = Role::of(stage, function);
        let key = json!({"pk": {"S": format!("roles#{function}")}, "sk": {"S": "x"}});
        let of = format!("WHERE pk = 'roles#{function}' AND sk = 'x'");
        let execute = |text: &str| role.dynamodb("ExecuteStatement", &statement(text));
        let insert =
            format!("INSERT INTO \"stint-grants\" VALUE {{'pk': 'roles#{function}', 'sk': 'x', 'n': 1}}");
        role.allowed("INSERT", &execute(&insert));
        role.allowed("UPDATE", &execute(&format!("UPDATE \"stint-grants\" SET n = 2 {of} AND n = 1")));
        let item = role.dynamodb("GetItem", &json!({"TableName": GRANTS, "Key": key}));
        role.allowed("GetItem", &item);
        assert_eq!(item.json()["Item"]["n"]["N"], "2", "{}", item.body);
        role.refused("DELETE", &execute(&format!("DELETE FROM \"stint-grants\" {of}")));
        role.refused("SELECT", &execute(&format!("SELECT * FROM \"stint-grants\" {of}")));
        role.refused("PutItem", &role.dynamodb("PutItem", &json!({"TableName": GRANTS, "Item": key})));
        role.refused("DeleteItem", &role.dynamodb("DeleteItem", &json!({"TableName": GRANTS, "Key": key})));
        role.refused("Scan", &role.dynamodb("Scan", &json!({"TableName": GRANTS})));
        listed(&role, &due(&role));
        role.refused(
            "another table",
            &role.dynamodb(
                "GetItem",
                &json!({"TableName": "payments",
            "Key": {"id": {"S": "sample"}}}),
            ),
        );
    }
}

fn due(role: &Role<'_>) -> Answer {
    let query = json!({"TableName": GRANTS, "IndexName": "by_due", "KeyConditionExpression": "gsi_due_shard = :s",
        "ExpressionAttributeValues": {":s": {"S": "due#0"}}});
    role.dynamodb("Query", &query)
}

/// Who lists, and who works on one request by its id.
fn listed(role: &Role<'_>, answer: &Answer) {
    match role.function {
        "stint-approve"
        | "stint-notify"
        | "stint-grant"
        | "stint-reveal"
        | "stint-expire"
        | "stint-rotate-credential" => role.refused("Query", answer),
        _ => role.allowed("Query", answer),
    }
}

#[test]
fn a_provider_reaches_no_table_and_no_secret_but_its_own() {
    let stage = Stage::shared().unwrap();
    stint_local::vault::seed(&stage.admin, &stage.outputs, &stage.http).unwrap();
    let role = Role::of(stage, PROVIDER);
    role.refused(
        "GetItem",
        &role.dynamodb("GetItem", &json!({"TableName": GRANTS, "Key": {"pk": {"S": "x"}, "sk": {"S": "x"}}})),
    );
    let value = |role: &Role<'_>, name: &str| {
        role.json("secretsmanager", "secretsmanager.GetSecretValue", &json!({ "SecretId": name }))
    };
    role.refused("a vaulted secret", &value(&role, "stint/vault/orders-owner"));
    role.refused("an administrator's", &value(&role, "stint/administrators/orders"));
    role.allowed("its own", &value(&role, "stint/postgres/orders"));
    let reveal = Role::of(stage, "stint-reveal");
    reveal.allowed("what it hands out", &value(&reveal, "stint/vault/orders-owner"));
    reveal.refused("who makes roles", &value(&reveal, "stint/postgres/orders"));
    for function in ["stint-request", "stint-grant", "stint-expire", "stint-reconcile"] {
        let role = Role::of(stage, function);
        role.refused(function, &value(&role, "stint/vault/orders-owner"));
    }
}
