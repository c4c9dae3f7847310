//! Events as they reach functions, delivered again.

use crate::life::Life;
use crate::patience::eventually;
use crate::snapshot::{Snapshot, settled};
use serde_json::{Value, json};
use stint_local::hooks::invoke;

/// An event, and how it is delivered.
type Event<'e> = (&'static str, Box<dyn Fn() -> String + 'e>);

/// The events so far of one request.
pub(crate) struct Post<'e, 's> {
    life: &'e Life<'s>,
    delivered: Vec<Event<'e>>,
}

impl<'e, 's> Post<'e, 's> {
    pub(crate) const fn of(life: &'e Life<'s>) -> Self {
        Self { life, delivered: Vec::new() }
    }

    /// Delivers an event that has been delivered by its own means before, and compares.
    pub(crate) fn again(&mut self, name: &'static str, deliver: impl Fn() -> String + 'e) {
        let before = settled(self.life);
        self.unchanged(&before, name, &deliver());
        self.delivered.push((name, Box::new(deliver)));
    }

    /// Delivers all of them once more.
    pub(crate) fn all_again(&self) {
        let before = settled(self.life);
        for (name, deliver) in &self.delivered {
            self.unchanged(&before, name, &deliver());
        }
    }

    fn unchanged(&self, before: &Snapshot, name: &str, answer: &str) {
        assert_eq!(&settled(self.life), before, "{name} came again and was answered: {answer}");
        eprintln!("{name} again: {answer}");
    }
}

pub(crate) fn to<'s>(life: &Life<'s>, function: &'static str, event: Value) -> impl Fn() -> String + use<'s> {
    let stage = life.stage;
    move || format!("{:?}", invoke(&stage.admin, function, &event).unwrap())
}

/// What the workflow sends `notify`, with the token it sent.
pub(crate) fn notification(life: &Life<'_>) -> Value {
    with_token(life, "TOKEN")
}

/// What it sends `rotate-credential`.
pub(crate) fn rotation(life: &Life<'_>) -> Value {
    with_token(life, "ROTATION")
}

fn with_token(life: &Life<'_>, kept: &str) -> Value {
    let key = json!({"pk": {"S": format!("REQ#{}", life.id)}, "sk": {"S": kept}});
    let get = json!({"TableName": life.stage.outputs.get("GrantsTable").unwrap(), "Key": key, "ConsistentRead": true});
    let token = eventually("the token", || {
        let item = life.stage.admin.json("dynamodb", "DynamoDB_20120810.GetItem", &get).unwrap();
        stint_local::json::at(&item, "/Item/tokens/S")
            .as_str()
            .and_then(|list| serde_json::from_str::<Vec<String>>(list).ok()?.pop())
    });
    json!({"request_id": life.id, "task_token": token})
}

pub(crate) fn task(life: &Life<'_>) -> Value {
    json!({"request_id": life.id})
}
