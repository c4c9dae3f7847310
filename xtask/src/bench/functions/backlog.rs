//! A timetable that is full: every shard has as many grants past their end as a sweep looks at, and each can be removed.

use serde_json::{Value, json};
use stint_app::ports::DUE_SHARDS;

/// Of each shard: as many as one sweep looks at.
const OF_A_SHARD: u32 = 100;
pub(super) const DUE: u32 = DUE_SHARDS as u32 * OF_A_SHARD;

/// Of AWS, for so many removals by one call: the record, the intent, the removal, the look, the outcome. A sweep reads
/// each record once more, and the two timetables, its lease, the bookmarks, a page of the targets and the live grants beside.
pub(super) const fn calls(removals: u32) -> u32 {
    if removals == 1 { 5 } else { removals * 6 + 24 }
}

const GONE: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>gone</Message></Error>\
    <RequestId>bench</RequestId></ErrorResponse>";
const TAKEN: &str = "<DeleteUserPolicyResponse><ResponseMetadata><RequestId>bench</RequestId></ResponseMetadata>\
    </DeleteUserPolicyResponse>";
const NOBODY: &str = "<ListUsersResponse><ListUsersResult><IsTruncated>false</IsTruncated><Users/></ListUsersResult>\
    </ListUsersResponse>";

/// Due: by shard. A record: whichever is asked for, active and past its end. The targets: empty when looked at.
pub(super) fn fixtures() -> Value {
    let due = (0..DUE_SHARDS).map(|shard| {
        let items: Vec<_> = (0..OF_A_SHARD).map(|number| json!({"pk": {"S": pk(shard, number)}})).collect();
        json!({"match": ".Query", "has": [format!("due#{shard}"), ":before"], "body": {"Items": items}})
    });
    let others = [
        json!({"match": ".GetItem", "has": ["REQ#"], "body": {"Item": record()}}),
        json!({"match": "POST / ", "has": ["Action=DeleteUserPolicy"], "text": TAKEN}),
        json!({"match": "POST / ", "has": ["Action=GetUserPolicy"], "status": 404, "text": GONE}),
        json!({"match": "POST / ", "has": ["Action=ListUsers"], "text": NOBODY}),
    ];
    due.chain(others).collect()
}

fn pk(shard: u8, number: u32) -> String {
    format!("REQ#req-0198000000007000800000{shard:02}{number:08}")
}

/// As `stint_aws::dynamodb` stores it. What is between braces is filled in with the key that is asked for.
fn record() -> Value {
    let window = json!({"starts_at": "2024-11-22T10:00:00Z", "ends_at": "2024-11-22T11:00:00Z"});
    let permissions = json!([{"actions": ["dynamodb:GetItem", "dynamodb:Query"],
                              "resources": ["arn:aws:dynamodb:*:*:table/payments"]}]);
    let scope = json!({
        "request_id": "{id}", "requester": "bench", "entitlement": "payments-read",
        "target": {"kind": "iam_user", "name": "bench"},
        "access": {"kind": "iam_user_elevation", "permissions": permissions},
        "duration": 3600, "justification": "refund 4711 went missing", "policy_version": "bench",
    });
    let grant = json!({"state": "ACTIVE", "window": window, "activated_at": "2024-11-22T10:00:01Z",
                       "settles_at": "2024-11-22T10:00:01Z"});
    let approval =
        json!({"by": {"decider": "policy", "policies": []}, "scope_hash": "0".repeat(64), "comment": null});
    let doc = json!({
        "scope": scope, "requester_name": "Bench", "entitlement_title": "Read payments",
        "submitted_at": "2024-11-22T09:59:00Z", "decide_by": "2024-11-22T17:59:00Z",
        "state": {"state": "APPROVED", "approval": approval, "approved_at": "2024-11-22T10:00:00Z", "grant": grant},
    });
    json!({"pk": {"S": "{pk}"}, "schema": {"N": "1"}, "doc": {"S": doc.to_string()}, "sequence": {"N": "4"},
           "hash": {"S": "0".repeat(64)}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use stint_domain::request::AccessRequest;

    #[test]
    fn the_record_is_one_that_stint_reads_and_the_ids_are_ids() {
        for (shard, number) in [(0, 0), (7, 99)] {
            let id = pk(shard, number).trim_start_matches("REQ#").to_owned();
            let record = record();
            let doc = record["doc"]["S"].as_str().unwrap().replace("{id}", &id);
            let request: AccessRequest = serde_json::from_str(&doc).unwrap();
            assert_eq!(request.scope.request_id.to_string(), id);
            assert!(!request.is_final() && request.due_at().is_some());
        }
    }
}
