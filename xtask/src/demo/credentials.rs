//! The other two kinds of access, side by side: a key of a user of the grant's own, and a session of a role. Both work
//! in their window and not after, and a session that is taken away ends within seconds.

use super::{expect, say, seconds_now, until};
use jiff::Timestamp;
use serde_json::Value;
use stint_local::api::{Session, id};
use stint_local::json::text;
use stint_local::probe::{Access, Probe};
use stint_local::{LocalError, Result, Stage, seed, wait};

const WINDOW: &str = "20s";
/// Long enough that its end cannot be what ended access.
const LONG_WINDOW: &str = "30m";
const TABLE: &str = "payments";

/// Access of ana's that has a credential of its own.
struct Held {
    what: &'static str,
    grant_id: String,
    ends_at: Timestamp,
    probe: Probe,
}

pub(super) fn show(stage: &Stage, ana: &Session) -> Result<()> {
    say(&format!(
        "8. Two more kinds of access, for {WINDOW} each, and a session for {LONG_WINDOW}; Ben approves all"
    ));
    let asked = [
        ("a user of its own", ana.request("payments-repair", WINDOW, "Payment 4711 is stuck")?),
        ("a role session", ana.request("incident-read", WINDOW, "Incident 12")?),
        ("another role session", ana.request("incident-read", LONG_WINDOW, "Incident 13")?),
    ];
    let ids = asked.iter().map(|(what, request)| Ok((*what, id(request)?))).collect::<Result<Vec<_>>>()?;
    for (_, request_id) in &ids {
        stage.decide_by_mail(super::APPROVER, request_id, "approve")?;
    }
    let held = ids.iter().map(|(what, id)| revealed(stage, ana, what, id)).collect::<Result<Vec<_>>>()?;
    let [user, session, other] = held.as_slice() else {
        return Err(LocalError::Unexpected("three were asked for".to_owned()));
    };
    taken_away(stage, ana, other, session)?;
    say("10. At the end of their windows");
    [user, session].iter().try_for_each(|held| over(held))?;
    nothing_left(stage, ana, user, session)
}

/// Waits for the grant, and is handed what it is used with.
fn revealed(stage: &Stage, ana: &Session, what: &'static str, request_id: &str) -> Result<Held> {
    let grant = super::grant(ana, request_id, super::SOON, |state| state == "ACTIVE")?;
    let grant_id = text(&grant, "/id").to_owned();
    let key = ana.credentials(&grant_id)?;
    let probe = stage.probe_with(&key)?;
    println!("   {what}, {}, is handed out as {}", place(&grant), key.id);
    expect(&probe, Access::Allowed)?;
    Ok(Held { what, ends_at: until(&grant)?, grant_id, probe })
}

/// The user's name or the role's ARN.
fn place(grant: &Value) -> &str {
    [text(grant, "/target/name"), text(grant, "/target/role")]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or("?")
}

fn taken_away(stage: &Stage, ana: &Session, held: &Held, other: &Held) -> Result<()> {
    say(&format!("9. Ben takes {} away from ana", held.what));
    let began = seconds_now();
    stage.sign_in("ben")?.revoke(&held.grant_id, "The incident is over")?.ok("revoke")?;
    wait::until("the end of access", super::SOON, || denied(&held.probe))?;
    let seconds = seconds_now() - began;
    println!("   first DENIED {seconds:.2} s after; the other session goes on");
    expect(&other.probe, Access::Allowed)?;
    let request_id = held.grant_id.replacen("grant-", "req-", 1);
    let grant = super::grant(ana, &request_id, super::SOON, |state| state == "ENDED")?;
    println!("   ENDED by {}; {}", text(&grant, "/ended_by"), super::proof(&grant));
    Ok(())
}

fn denied(probe: &Probe) -> Result<Option<Access>> {
    Ok(Some(probe.read(TABLE)?).filter(|access| *access != Access::Allowed))
}

fn over(held: &Held) -> Result<()> {
    let (access, late) = super::first_denied(&held.probe, held.ends_at)?;
    println!("   {}: first {access}, {late:+.2} s from the end", held.what);
    Ok(())
}

fn nothing_left(stage: &Stage, ana: &Session, user: &Held, session: &Held) -> Result<()> {
    for held in [user, session] {
        let request_id = held.grant_id.replacen("grant-", "req-", 1);
        super::grant(ana, &request_id, super::TO_RECOVER, |state| state == "ENDED")?;
    }
    let [name, policy] = [user, session].map(|held| held.grant_id.replacen("grant-", "stint-", 1));
    let (user, policies) = (stage.has_user(&name)?, stage.policies_of_role(seed::ROLE)?);
    println!("   users of a grant's own left: {}", if user { name.as_str() } else { "none" });
    println!(
        "   on the role, for what was taken away, until its window is over: {}",
        super::named(&policies)
    );
    if user || policies.contains(&policy) {
        return Err(LocalError::Unexpected("something is left".to_owned()));
    }
    Ok(())
}
