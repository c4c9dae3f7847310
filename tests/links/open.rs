//! A request that waits for a decision, and the link by which it can be decided.

use serde_json::{Value, json};
use std::sync::OnceLock;
use std::time::Duration;
use stint_domain::audit::verify;
use stint_local::api::{Session, id};
use stint_local::browser::{Browser, form, hidden};
use stint_local::mail::Mail;
use stint_local::{Stage, wait};

pub(crate) const LATE: Duration = Duration::from_secs(120);
pub(crate) const BEN: &str = "ben@example.com";

/// The page has a minute to answer: that a hundred processes are slow on a small machine proves nothing.
pub(crate) fn stage() -> &'static Stage {
    static STAGE: OnceLock<&'static Stage> = OnceLock::new();
    STAGE.get_or_init(|| {
        let (stage, path) = (Stage::shared().unwrap(), "/2015-03-31/functions/stint-approve/configuration");
        stage.admin.rest("lambda", "PUT", path, &json!({"Timeout": 60})).unwrap();
        stage
    })
}

pub(crate) struct Open {
    pub(crate) session: Session,
    pub(crate) id: String,
    pub(crate) mail: Mail,
    pub(crate) link: String,
}

/// Somebody like Ana asks, and Ben has a mail about it.
pub(crate) fn open() -> Open {
    open_for("payments-read", "because of a link", BEN)
}

pub(crate) fn open_for(entitlement: &str, justification: &str, approver: &str) -> Open {
    let session = stage().sign_in(&stage().another("ana").unwrap()).unwrap();
    let request = session.request(entitlement, "10m", justification).unwrap();
    let id = id(&request).unwrap().to_owned();
    let asked = || Ok(actions(&id).iter().any(|action| action == "request.approvers_notified").then_some(()));
    wait::until("the approvers to be asked", LATE, asked).unwrap();
    let mail = stage().mail(approver, &id).unwrap();
    let link = mail.link().unwrap().to_owned();
    Open { session, id, mail, link }
}

/// The actions of a request's stream, after its chain has been verified.
fn actions(id: &str) -> Vec<String> {
    events(id).iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect()
}

fn events(id: &str) -> Vec<Value> {
    let rows = stage().audit(id).unwrap();
    verify(rows.iter().map(|row| (row.canonical.as_str(), row.hash.as_str()))).unwrap();
    rows.iter().map(|row| serde_json::from_str(&row.canonical).unwrap()).collect()
}

impl Open {
    pub(crate) fn events(&self, action: &str) -> Vec<Value> {
        events(&self.id).into_iter().filter(|event| event["action"] == action).collect()
    }

    pub(crate) fn state(&self) -> String {
        self.session.look(&self.id).unwrap()["state"].as_str().unwrap().to_owned()
    }

    /// A browser in which the page is open, and its form, filled in.
    pub(crate) fn browser(&self, decision: &str) -> (Browser, String) {
        let mut browser = stage().browser();
        let page = browser.open(&self.link).unwrap();
        let nonce = hidden(&page.body, "nonce").unwrap_or_else(|| panic!("no form in {}", page.body));
        (browser, form(nonce, decision, ""))
    }

    /// Everything that is stored about the request: it, its token, its invitations, its audit.
    pub(crate) fn stored(&self) -> Value {
        let ask = json!({"TableName": stage().outputs.get("GrantsTable").unwrap(), "ConsistentRead": true,
            "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": format!("REQ#{}", self.id)}}});
        let items = stage().admin.json("dynamodb", "DynamoDB_20120810.Query", &ask).unwrap()["Items"].clone();
        assert!(items.as_array().unwrap().len() > 2, "the request, its token and an invitation: {items}");
        json!([items, events(&self.id)])
    }
}
