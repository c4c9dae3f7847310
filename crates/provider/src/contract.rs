//! What every provider has to keep, tried out call by call, for the tests of who writes one.
//!
//! Guards: it knows a provider by what goes in and comes out alone. So it takes a [`crate::Target`] in its own process as
//! well as a function that is deployed, in whatever language; and no credential is in what it says is broken.

use crate::{Answer, Call, Fields, Grant, Operation, Parameter, VERSION};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Display;

/// What to ask the provider for, as the catalog would have it.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    pub target: String,
    pub parameters: BTreeMap<String, Parameter>,
    /// A target that it has to refuse, if there is one.
    pub stranger: Option<String>,
    pub has_credential: bool,
}

/// The first promise that is not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(String);

/// Gives, looks at and takes two grants' access at `sample`, which has to be there. `call` hands one event to the provider.
///
/// # Errors
/// [`Broken`], with the promise that is not kept.
pub async fn keeps_the_contract<E: Display>(
    call: impl AsyncFn(Value) -> Result<Value, E>,
    sample: &Sample,
) -> Result<(), Broken> {
    let now = now();
    let [one, two, never] = [1, 2, 3].map(|number| grant(now, number));
    let suite = Suite { call, sample, now };
    suite.gives(&one, &two).await?;
    suite.issues(&two).await?;
    suite.takes_one_alone(&one, &two).await?;
    suite.done(Operation::Deactivate, &two, "an end of the other grant").await?;
    suite.gone(&two, "the other grant after its end").await?;
    suite.done(Operation::Deactivate, &never, "an end of what never was").await?;
    suite.gone(&never, "what never was").await?;
    suite.understands(&never).await?;
    suite.knows_strangers(&never).await
}

struct Suite<'s, C> {
    call: C,
    sample: &'s Sample,
    now: Timestamp,
}

impl<C, E: Display> Suite<'_, C>
where
    C: AsyncFn(Value) -> Result<Value, E>,
{
    async fn gives(&self, one: &Grant, two: &Grant) -> Result<(), Broken> {
        self.done(Operation::Activate, one, "an activation").await?;
        self.done(Operation::Activate, one, "the same activation again").await?;
        let later = Grant { ends_at: one.ends_at + SignedDuration::from_mins(30), ..one.clone() };
        self.done(Operation::Activate, &later, "an activation with a later end").await?;
        self.done(Operation::Activate, two, "a second grant of the same person").await?;
        self.there(one, "what was activated").await
    }

    async fn takes_one_alone(&self, one: &Grant, two: &Grant) -> Result<(), Broken> {
        self.done(Operation::Deactivate, one, "an early end").await?;
        self.done(Operation::Deactivate, one, "the same end again").await?;
        self.gone(one, "what was taken").await?;
        self.there(two, "the other grant of the same person").await
    }

    /// A credential ends no later than its grant, and ends the one before.
    async fn issues(&self, grant: &Grant) -> Result<(), Broken> {
        let what = "a credential";
        if !self.sample.has_credential {
            return match self.ask(Operation::Issue, grant, what).await? {
                Answer::Refused { .. } => Ok(()),
                other => Err(answered(what, &other, "refused")),
            };
        }
        let (first, second) = (self.credential(grant).await?, self.credential(grant).await?);
        kept(first != second, "each credential is another one")
    }

    async fn credential(&self, grant: &Grant) -> Result<Fields, Broken> {
        match self.ask(Operation::Issue, grant, "a credential").await? {
            Answer::Credential { fields, expires_at, .. } => {
                kept(expires_at <= grant.ends_at, "a credential expires no later than its grant ends")?;
                Ok(fields)
            }
            other => Err(answered("a credential", &other, "credential")),
        }
    }

    async fn understands(&self, grant: &Grant) -> Result<(), Broken> {
        for (field, value) in [("version", json!(VERSION + 1)), ("operation", json!("unheard-of"))] {
            let what = format!("an unknown {field}");
            match self.send(self.event(Operation::Verify, grant, Some((field, value))), &what).await? {
                Answer::Refused { .. } => {}
                other => return Err(answered(&what, &other, "refused")),
            }
        }
        let more = self.event(Operation::Verify, grant, Some(("unheard_of", json!(true))));
        match self.send(more, "an unknown field").await? {
            Answer::Gone { .. } => Ok(()),
            other => Err(answered("an unknown field", &other, "gone")),
        }
    }

    async fn knows_strangers(&self, grant: &Grant) -> Result<(), Broken> {
        let Some(stranger) = &self.sample.stranger else { return Ok(()) };
        let at = |operation| self.event(operation, grant, Some(("target", json!(stranger))));
        match self.send(at(Operation::Activate), "a stranger's activation").await? {
            Answer::Refused { .. } => {}
            other => return Err(answered("a stranger's activation", &other, "refused")),
        }
        match self.send(at(Operation::Deactivate), "a stranger's end").await? {
            Answer::Done => Ok(()),
            other => Err(answered("a stranger's end", &other, "done")),
        }
    }

    async fn done(&self, operation: Operation, grant: &Grant, what: &str) -> Result<(), Broken> {
        match self.ask(operation, grant, what).await? {
            Answer::Done => Ok(()),
            other => Err(answered(what, &other, "done")),
        }
    }

    async fn there(&self, grant: &Grant, what: &str) -> Result<(), Broken> {
        match self.ask(Operation::Verify, grant, what).await? {
            Answer::StillThere { .. } => Ok(()),
            other => Err(answered(what, &other, "still_there")),
        }
    }

    async fn gone(&self, grant: &Grant, what: &str) -> Result<(), Broken> {
        match self.ask(Operation::Verify, grant, what).await? {
            Answer::Gone { looked_at, answered } => {
                kept(!looked_at.is_empty() && !answered.is_empty(), "`gone` says what was looked at")
            }
            other => Err(answered(what, &other, "gone")),
        }
    }

    async fn ask(&self, operation: Operation, grant: &Grant, what: &str) -> Result<Answer, Broken> {
        self.send(self.event(operation, grant, None), what).await
    }

    async fn send(&self, event: Value, what: &str) -> Result<Answer, Broken> {
        let answer = (self.call)(event).await.map_err(|error| Broken(format!("{what}: failed: {error}")))?;
        Answer::read(answer.to_string().as_bytes()).map_err(|error| Broken(format!("{what}: {error}")))
    }

    /// A call as Stint sends it, with one field put in or replaced.
    fn event(&self, operation: Operation, grant: &Grant, other: Option<(&str, Value)>) -> Value {
        let call = Call {
            version: VERSION,
            idempotency_key: format!("{}:{operation}:{}", grant.id, grant.ends_at),
            operation,
            grant: grant.clone(),
            principal: "00000000-0000-4000-8000-000000000001".to_owned(),
            target: self.sample.target.clone(),
            parameters: self.sample.parameters.clone(),
            now: self.now,
        };
        let mut event = serde_json::to_value(call).unwrap_or_default();
        if let (Some(fields), Some((name, value))) = (event.as_object_mut(), other) {
            fields.insert(name.to_owned(), value);
        }
        event
    }
}

fn kept(it_is: bool, promise: &str) -> Result<(), Broken> {
    if it_is { Ok(()) } else { Err(Broken(format!("not kept: {promise}"))) }
}

fn answered(what: &str, answer: &Answer, wanted: &str) -> Broken {
    let said = match answer {
        Answer::Done => "done",
        Answer::Gone { .. } => "gone",
        Answer::StillThere { .. } => "still_there",
        Answer::Credential { .. } => "credential",
        Answer::Refused { reason } => return Broken(format!("{what}: refused ({reason}), not {wanted}")),
    };
    Broken(format!("{what}: {said}, not {wanted}"))
}

/// In whole seconds, as the windows of grants are.
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_second(i64::try_from(since.as_secs()).unwrap_or(0)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// For half an hour, and of no other run: one of the same process and second would find the same artefact.
fn grant(now: Timestamp, number: u64) -> Grant {
    use std::sync::atomic::{AtomicU64, Ordering};
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let (second, process) = (now.as_second(), std::process::id());
    let hex = format!("{second:012x}{process:08x}{:012x}", run * 16 + number);
    Grant {
        id: format!("grant-{hex}"),
        artefact_name: format!("stint-{hex}"),
        starts_at: now,
        ends_at: now + SignedDuration::from_mins(30),
    }
}
