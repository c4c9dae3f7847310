//! Everything that an event could change about one request: records, audit, the target, mails, the workflow.

use crate::life::Life;
use crate::patience::eventually;
use serde_json::{Value, json};
use stint_local::mail::inbox;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Of the table of grants, as stored: the request, token, invitations, links, idempotency keys.
    pub(crate) records: Vec<String>,
    audit: Vec<Value>,
    policies: Vec<String>,
    /// To whom.
    mails: Vec<Vec<String>>,
    workflow: (String, Vec<String>),
}

pub(crate) fn of(life: &Life<'_>) -> Snapshot {
    let mails = inbox(&life.stage.http).unwrap();
    let about = mails.into_iter().filter(|mail| mail.body_text.contains(&life.id));
    let execution = life.stage.execution(&life.id).unwrap();
    Snapshot {
        records: records(life),
        audit: life.events(),
        policies: life.policies(),
        mails: about.map(|mail| mail.to).collect(),
        workflow: (execution.status().unwrap(), execution.states().unwrap()),
    }
}

/// Waits until nothing has changed for two looks: whatever an event set off has happened.
pub(crate) fn settled(life: &Life<'_>) -> Snapshot {
    let mut before = of(life);
    eventually("quiet", || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        let now = of(life);
        let same = now == before;
        before = now;
        same.then_some(())
    });
    before
}

/// Every item that is about the request or belongs to its requester. Only a test may scan.
fn records(life: &Life<'_>) -> Vec<String> {
    let requester = life.look()["requester"].as_str().unwrap().to_owned();
    let mut start = Value::Null;
    let mut found = Vec::new();
    loop {
        let mut ask =
            json!({"TableName": life.stage.outputs.get("GrantsTable").unwrap(), "ConsistentRead": true});
        if !start.is_null() {
            ask["ExclusiveStartKey"] = start;
        }
        let page = life.stage.admin.json("dynamodb", "DynamoDB_20120810.Scan", &ask).unwrap();
        let items = page["Items"].as_array().unwrap().iter().map(Value::to_string);
        found.extend(items.filter(|item| item.contains(&life.id) || item.contains(&requester)));
        start = page["LastEvaluatedKey"].clone();
        if start.is_null() {
            found.sort();
            return found;
        }
    }
}
