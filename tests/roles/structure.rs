//! Tables and logs as deployed: the keys that the code writes, and what keeps data from being lost or kept too long.

use crate::FUNCTIONS;
use crate::deployed::configuration;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use stint_local::Stage;

/// Where the code says what its keys are.
const KEYS: &str = include_str!("../../crates/aws/src/dynamodb/keys.rs");

const TEMPLATE: &str = include_str!("../../infra/template.yaml");

type Indexes = BTreeMap<String, (String, String)>;

fn call(stage: &Stage, operation: &str, table: &str) -> Value {
    let ask = json!({"TableName": table});
    stage.admin.json("dynamodb", &format!("DynamoDB_20120810.{operation}"), &ask).unwrap()
}

/// Partition and sort key.
fn schema(of: &Value) -> (String, String) {
    let key = |kind: &str| {
        let keys = of["KeySchema"].as_array().unwrap();
        let found = keys.iter().find(|key| key["KeyType"] == kind).unwrap();
        found["AttributeName"].as_str().unwrap().to_owned()
    };
    (key("HASH"), key("RANGE"))
}

fn indexes(table: &Value) -> Indexes {
    let all = table["GlobalSecondaryIndexes"].as_array().unwrap().iter();
    all.map(|index| (index["IndexName"].as_str().unwrap().to_owned(), schema(index))).collect()
}

/// The indexes that the code knows: name, partition, sort.
fn known() -> Indexes {
    let code = KEYS.split("#[cfg(test)]").next().unwrap();
    let each = code.split("Index {").filter_map(|part| part.split_once('}')).map(|(fields, _)| fields);
    let quoted = |fields: &str| fields.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let named = each.filter_map(|fields| <[String; 3]>::try_from(quoted(fields)).ok());
    named.map(|[name, partition, sort]| (name, (partition, sort))).collect()
}

#[test]
fn the_tables_have_the_keys_that_the_code_writes() {
    let stage = Stage::shared().unwrap();
    let text = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let (grants, audit) = ("stint-grants", "stint-audit");
    let described = |name: &str| call(stage, "DescribeTable", name)["Table"].clone();
    assert_eq!(schema(&described(grants)), text("pk", "sk"));
    assert_eq!(schema(&described(audit)), text("stream", "seq"));
    assert!(KEYS.contains(r#"PK: Attribute = "pk""#) && KEYS.contains(r#"SK: Attribute = "sk""#));
    let mut deployed = indexes(&described(grants));
    deployed.extend(indexes(&described(audit)));
    let known = known();
    assert_eq!(known.len(), 5, "{known:?}");
    assert_eq!(deployed, known);
}

#[test]
fn nothing_on_record_is_lost_by_mistake_or_ends_access_by_its_age() {
    let stage = Stage::shared().unwrap();
    for table in ["stint-grants", "stint-audit"] {
        let described = call(stage, "DescribeTable", table);
        assert_eq!(described["Table"]["DeletionProtectionEnabled"], true, "{table}");
    }
    // The local cloud takes these settings and does not show them.
    let tables: Vec<_> = TEMPLATE.split("Type: AWS::DynamoDB::Table").skip(1).collect();
    assert_eq!(tables.len(), 2);
    for table in tables {
        let properties = table.split("AttributeDefinitions:").next().unwrap();
        let kept =
            properties.contains("TableName: !Ref AuditTableName") && !properties.contains("TimeToLive");
        let aged = properties.contains("TimeToLiveSpecification: {AttributeName: expires_at, Enabled: true}");
        assert!(kept != aged, "the audit is kept, other things have an age: {properties}");
        assert!(properties.contains("PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}"));
        assert!(
            properties.contains("DeletionPolicy: Retain")
                && properties.contains("UpdateReplacePolicy: Retain")
        );
    }
}

#[test]
fn what_is_logged_is_kept_for_a_while_and_not_for_ever() {
    let stage = Stage::shared().unwrap();
    let found = stage.admin.json("logs", "Logs_20140328.DescribeLogGroups", &json!({})).unwrap();
    let groups: BTreeMap<_, _> = found["logGroups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (group["logGroupName"].as_str().unwrap().to_owned(), group["retentionInDays"].as_i64()))
        .collect();
    let mut expected: Vec<_> = FUNCTIONS.iter().map(|name| format!("/aws/lambda/{name}")).collect();
    expected
        .extend(["/aws/vendedlogs/apis/stint".to_owned(), "/aws/vendedlogs/states/stint-access".to_owned()]);
    for name in expected {
        assert_eq!(groups.get(&name), Some(&Some(90)), "{name} of {groups:?}");
    }
    for function in FUNCTIONS {
        let logging = configuration(stage, function)["LoggingConfig"].clone();
        assert_eq!(logging["LogGroup"], format!("/aws/lambda/{function}"), "{logging}");
        assert_eq!(logging["LogFormat"], "JSON", "{logging}");
    }
}
