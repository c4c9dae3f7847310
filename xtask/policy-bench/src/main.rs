//! Measures the built-in policies over catalogs of growing size, and says so in one line of JSON for each: how long it
//! takes from nothing to the first answer, what each further one takes, and what reading the same catalog as bare JSON
//! would have taken, in nanoseconds. `cargo xtask bench policy` runs it and judges.
//!
//! Every size has its turn in every round, so that whatever else the machine does meets all of them; the fastest counts.

use jiff::Timestamp;
use serde_json::{Value, json};
use std::error::Error;
use std::hint::black_box;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use stint_domain::principal::{Origin, Person};
use stint_policy::{Answer, Ask, PolicyBundle, Way, sample};

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];
const ROUNDS: u32 = 25;
const DECISIONS: u32 = 200;
/// Of a Monday.
const MORNING: Timestamp = Timestamp::constant(1_795_428_000, 0);

type Done<T> = Result<T, Box<dyn Error>>;

struct Catalog {
    size: usize,
    json: String,
    ready: Duration,
    decision: Duration,
    bare: Duration,
}

fn main() -> Done<()> {
    let people = sample::organisation();
    let ana = people.iter().find(|one| one.username == "ana").ok_or("the sample organisation has no ana")?;
    let ana = ana.person("ana".parse()?);
    let mut catalogs = SIZES.map(Catalog::new);
    for _ in 0..ROUNDS {
        catalogs.iter_mut().try_for_each(|catalog| catalog.round(&ana))?;
    }
    for Catalog { size, ready, decision, bare, .. } in &catalogs {
        let nanos = |time: &Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let (ready, decision, bare) = (nanos(ready), nanos(decision), nanos(bare));
        println!("{}", json!({ "entitlements": size, "ready": ready, "decision": decision, "bare": bare }));
    }
    Ok(())
}

impl Catalog {
    fn new(size: usize) -> Self {
        let entitlements: Vec<_> = (0..size).map(entitlement).collect();
        let json = json!({ "entitlement": entitlements }).to_string();
        Self { size, json, ready: Duration::MAX, decision: Duration::MAX, bare: Duration::MAX }
    }

    fn round(&mut self, person: &Person) -> Done<()> {
        let (bare, read) = timed(|| serde_json::from_str::<Value>(&self.json));
        drop(black_box(read?));
        let (ready, bundle) = timed(|| {
            let bundle = PolicyBundle::over(&self.json)?;
            answered(&bundle, self.size, person).map(|()| bundle)
        });
        let bundle = bundle?;
        let (decisions, answered) =
            timed(|| (0..DECISIONS).try_for_each(|_| answered(black_box(&bundle), self.size, person)));
        answered?;
        self.bare = self.bare.min(bare);
        self.ready = self.ready.min(ready);
        self.decision = self.decision.min(decisions / DECISIONS);
        Ok(())
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let done = work();
    (began.elapsed(), done)
}

/// All that one request asks of policy, about the entitlement in the middle.
fn answered(bundle: &PolicyBundle, size: usize, person: &Person) -> Done<()> {
    let entitlement = bundle.entitlement(&id(size / 2).parse()?).ok_or("the entitlement is not there")?;
    let ask = Ask {
        duration: entitlement.max_duration,
        at: MORNING,
        has_ticket: true,
        justification_characters: 20,
        origin: Some(Origin { address: Ipv4Addr::LOCALHOST.into(), mfa: false }),
        people: None,
    };
    match bundle.weigh(person, entitlement, &ask, Way::Usual).answer() {
        Answer::NeedsPeople => Ok(()),
        other => Err(format!("{other:?} is not what was to be measured").into()),
    }
}

fn id(number: usize) -> String {
    format!("thing-{number}")
}

fn entitlement(number: usize) -> Value {
    json!({
        "id": id(number),
        "title": format!("Read thing {number}"),
        "description": "Look up single items of it, as one has to when a customer asks about one.",
        "risk": "high",
        "max_duration": "4h",
        "decide_within": "8h",
        "requesters": ["engineers"],
        "approvers": [format!("owners-{}", number % 50)],
        "access": { "kind": "iam_user_elevation", "permissions": [{
            "actions": ["dynamodb:GetItem", "dynamodb:Query"],
            "resources": [format!("arn:aws:dynamodb:*:*:table/thing-{number}")],
        }] },
    })
}
