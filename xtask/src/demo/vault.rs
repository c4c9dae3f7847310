//! Database passwords, by psql: one of a vaulted login, for one person at a time, and one of a role that is made for the
//! grant. Both work in their window and not after; the next holder of the first gets another one.

use super::{say, until};
use serde_json::{Value, json};
use stint_local::api::{Session, id};
use stint_local::json::{at, text};
use stint_local::vault::{self, Answered, Database};
use stint_local::{LocalError, Result, Stage, wait};

const WINDOW: &str = "20s";
const LOGIN: &str = "orders-repair";
const ROLE: &str = "orders-read";
const ROW: &str = "SELECT item FROM orders WHERE id = 4711";

pub(super) fn show(stage: &Stage, ana: &Session) -> Result<()> {
    vault::seed(&stage.admin, &stage.outputs, &stage.http)?;
    let database = Database::of(&stage.http)?;
    say(&format!(
        "11. Ana checks out the password of orders_owner, and gets a database role of her own, for {WINDOW} each"
    ));
    let login = checked_out(
        stage,
        ana,
        &json!({"entitlement": LOGIN, "duration": WINDOW, "justification": "Order 4711"}),
    )?;
    let role = checked_out(
        stage,
        ana,
        &json!({"entitlement": ROLE, "duration": WINDOW, "justification": "Order 4711"}),
    )?;
    expect(&database, &login, true)?;
    expect(&database, &role, true)?;
    told_who_has_it(stage)?;
    say("12. At the end of their windows, the password is replaced and the role is gone");
    for held in [&login, &role] {
        super::grant(ana, &held.request_id, super::TO_RECOVER, |state| state == "ENDED")?;
        expect(&database, held, false)?;
    }
    let grant = super::grant(ana, &login.request_id, super::SOON, |state| state == "ENDED")?;
    println!("   {}", super::proof(&grant));
    println!("   the next holder has another password, and gives it back:");
    let next = checked_out(
        stage,
        ana,
        &json!({"entitlement": LOGIN, "duration": "30m", "justification": "Order 4712"}),
    )?;
    expect(&database, &next, true)?;
    if next.fields == login.fields {
        return Err(LocalError::Unexpected("the next holder got the same password".to_owned()));
    }
    ana.post(&format!("/v1/grants/{}/return", grant_of(&next.request_id)), &Value::Null)?.ok("return")?;
    super::grant(ana, &next.request_id, super::TO_RECOVER, |state| state == "ENDED").map(drop)
}

/// What a holder has been shown.
struct Held {
    request_id: String,
    fields: Value,
}

fn grant_of(request_id: &str) -> String {
    request_id.replacen("req-", "grant-", 1)
}

fn checked_out(stage: &Stage, ana: &Session, ask: &Value) -> Result<Held> {
    let asked = ana.ask(ask)?;
    let request_id = id(&asked)?.to_owned();
    stage.decide_by_mail(super::APPROVER, &request_id, "approve")?;
    let grant = super::grant(ana, &request_id, super::SOON, |state| state == "ACTIVE")?;
    until(&grant)?;
    let shown = ana.ask_for_credentials(&grant_of(&request_id))?.ok("credentials")?.json();
    Ok(Held { request_id, fields: at(&shown, "/fields").clone() })
}

/// What the server says to psql with what was shown.
fn expect(database: &Database, held: &Held, works: bool) -> Result<()> {
    let answered = wait::until("psql", super::TO_END, || {
        let answered = database.psql(&held.fields, ROW)?;
        Ok(Some(answered).filter(|answered| matches!(answered, Answered::Rows(_)) == works))
    })?;
    let said = match answered {
        Answered::Rows(rows) => format!("ALLOWED ({rows})"),
        Answered::Refused(why) => format!("DENIED ({})", why.rsplit("FATAL:").next().unwrap_or(&why).trim()),
    };
    println!("   psql as {}: {said}", text(&held.fields, "/username"));
    Ok(())
}

/// Whoever comes second.
fn told_who_has_it(stage: &Stage) -> Result<()> {
    let second = stage.sign_in(&stage.another("ana")?)?;
    let ask = json!({"entitlement": LOGIN, "duration": "10m", "justification": "Me too"});
    let answer = second.post("/v1/requests", &ask)?;
    println!("   Somebody else asks for the same and is told: {}", text(&answer.json(), "/detail"));
    if answer.status == 409 {
        Ok(())
    } else {
        Err(LocalError::Unexpected(format!("they got {}", answer.status)))
    }
}
