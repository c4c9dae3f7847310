//! One request from asking to its end, with proof at each step. Proof is what IAM says to the requester's own key.

mod credentials;
mod vault;

use crate::audit_table;
use jiff::Timestamp;
use serde_json::Value;
use std::time::{Duration, SystemTime};
use stint_local::api::{Session, id};
use stint_local::cloud::Cloud;
use stint_local::json::{at, text};
use stint_local::probe::{Access, Probe};
use stint_local::{LocalError, Result, Stage, hooks, up, wait};

const REQUESTER: &str = "ana";
const APPROVER: &str = "ben@example.com";
const ENTITLEMENT: &str = "payments-read";
const TABLE: &str = "payments";
const WINDOW: &str = "20s";
/// What takes access away, and what makes up for it.
const CLEANUP: [&str; 2] = ["stint-expire", "stint-reconcile"];
const SOON: Duration = Duration::from_secs(30);
/// The window and a while.
const TO_END: Duration = Duration::from_secs(60);
/// How long what should have been removed is looked at.
const WITHOUT_CLEANUP: Duration = Duration::from_secs(5);
/// The sweep comes every minute.
const TO_RECOVER: Duration = Duration::from_secs(240);

pub(crate) fn run(without_cleanup: bool) -> Result<()> {
    let up = up::bring_up(None, false)?;
    let result = story(&up.stage, without_cleanup);
    if let Some(cloud) = up.cloud {
        end(cloud)?;
    }
    result
}

/// With cleanup and without, on one cloud, which is nobody else's.
pub(crate) fn run_both() -> Result<()> {
    let stage = Stage::start()?;
    println!("\nWith everything as it is deployed");
    story(&stage, false)?;
    println!("\nWith all cleanup switched off");
    story(&stage, true)
}

fn end(mut cloud: Cloud) -> Result<()> {
    cloud.stop()?;
    up::take_down().map(drop)
}

fn story(stage: &Stage, without_cleanup: bool) -> Result<()> {
    let ana = stage.sign_in(REQUESTER)?;
    let probe = stage.probe(REQUESTER)?;
    say("1. Before: ana reads the payments table with her own access key");
    expect(&probe, Access::Denied)?;
    let request_id = ask(&ana)?;
    approve(stage, &request_id)?;
    let ends_at = active(&ana, &request_id)?;
    expect(&probe, Access::Allowed)?;
    let off = without_cleanup.then(|| Off::now(stage)).transpose()?;
    over(&probe, ends_at)?;
    match off {
        None => {
            removed(stage, &ana, &probe, &request_id, 7)?;
            credentials::show(stage, &ana)?;
            vault::show(stage, &ana)?;
        }
        Some(off) => late(stage, &ana, &probe, &request_id, off)?,
    }
    say("Last. The audit of the first request, from its table");
    audit_table::print(&stage.audit(&request_id)?)?;
    println!("\nBefore DENIED, during ALLOWED, after DENIED: all as it should be.");
    Ok(())
}

fn ask(ana: &Session) -> Result<String> {
    say(&format!("2. Ana asks for {ENTITLEMENT} for {WINDOW}"));
    let request = ana.request(ENTITLEMENT, WINDOW, "A customer asks about payment 4711")?;
    println!(
        "   {} is {}, to be decided by {}",
        id(&request)?,
        text(&request, "/state"),
        text(&request, "/decide_by")
    );
    Ok(id(&request)?.to_owned())
}

fn approve(stage: &Stage, request_id: &str) -> Result<()> {
    let mail = stage.mail(APPROVER, request_id)?;
    say(&format!("3. Ben gets this mail: {}", mail.subject));
    mail.body_text.lines().for_each(|line| println!("   | {line}"));
    say("4. Ben opens the link and presses Approve");
    let page = stage.browser().decide(mail.link()?, "approve", "Looks right")?.ok("approving")?;
    println!("   The page answers {}: {}", page.status, title(&page.body));
    Ok(())
}

/// Waits until the grant is active; returns its end.
fn active(ana: &Session, request_id: &str) -> Result<Timestamp> {
    let grant = grant(ana, request_id, SOON, |state| state == "ACTIVE")?;
    let ends_at = until(&grant)?;
    say(&format!("5. The grant is ACTIVE until {ends_at}; ana tries again"));
    Ok(ends_at)
}

/// The end of a grant's window.
fn until(grant: &Value) -> Result<Timestamp> {
    let ends_at = text(grant, "/window/ends_at");
    ends_at.parse().map_err(|cause| LocalError::Unexpected(format!("{ends_at} is no time: {cause}")))
}

fn over(probe: &Probe, ends_at: Timestamp) -> Result<()> {
    say("6. Ana keeps reading until she cannot any more");
    let (access, late) = first_denied(probe, ends_at)?;
    println!("   first {access} {late:+.2} s from the end of the window");
    Ok(())
}

/// Reads until that is denied; how, and how many seconds from the end of the window it was. What was begun after the end
/// may not have been allowed.
fn first_denied(probe: &Probe, ends_at: Timestamp) -> Result<(Access, f64)> {
    let end = ends_at.as_duration().as_secs_f64();
    let access = wait::until("the end of access", TO_END, || {
        let begun = seconds_now();
        let access = probe.read(TABLE)?;
        if access == Access::Allowed && begun > end {
            return Err(LocalError::Unexpected(format!("still {access} after its end")));
        }
        Ok(Some(access).filter(|access| *access != Access::Allowed))
    })?;
    let late = seconds_now() - end;
    if late < 0.0 {
        Err(LocalError::Unexpected(format!("{access} before its end")))
    } else {
        Ok((access, late))
    }
}

fn removed(stage: &Stage, ana: &Session, probe: &Probe, request_id: &str, step: u8) -> Result<()> {
    let grant = grant(ana, request_id, TO_RECOVER, |state| state == "ENDED")?;
    let ended_by = text(&grant, "/ended_by");
    say(&format!("{step}. The grant is ENDED by {ended_by}, and the target was read back"));
    println!("   {}", proof(&grant));
    let left = stage.policies_of(REQUESTER)?;
    println!("   inline policies left on the IAM user: {}", named(&left));
    if left.is_empty() {
        expect(probe, Access::Denied)
    } else {
        Err(LocalError::Unexpected("something is left".to_owned()))
    }
}

/// What was asked of the target, and what it said.
fn proof(grant: &Value) -> String {
    format!("{}: {}", text(grant, "/proof/receipt/looked_at"), text(grant, "/proof/receipt/answered"))
}

fn named(all: &[String]) -> String {
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

/// With all cleanup off, IAM alone has ended access. Then cleanup is put back, and makes up for it.
fn late(stage: &Stage, ana: &Session, probe: &Probe, request_id: &str, off: Off<'_>) -> Result<()> {
    std::thread::sleep(WITHOUT_CLEANUP);
    let (left, state) =
        (stage.policies_of(REQUESTER)?, text(&ana.look(request_id)?, "/grant/state").to_owned());
    say(&format!(
        "7. {} s later nothing has been cleaned up, and ana tries again",
        WITHOUT_CLEANUP.as_secs()
    ));
    println!("   the grant is {state}; inline policies still on the IAM user: {}", named(&left));
    expect(probe, Access::Denied)?;
    if left.is_empty() || state != "ACTIVE" {
        return Err(LocalError::Unexpected("the cleanup ran although it was off".to_owned()));
    }
    drop(off);
    println!("   (switching on {} again; to make up for it takes them up to minutes)", CLEANUP.join(" and "));
    removed(stage, ana, probe, request_id, 8)
}

/// Functions that are switched off until this is dropped.
struct Off<'a>(&'a Stage);

impl<'a> Off<'a> {
    fn now(stage: &'a Stage) -> Result<Self> {
        println!("   (switching off {})", CLEANUP.join(" and "));
        let off = Self(stage);
        CLEANUP.iter().try_for_each(|function| hooks::switch_off(&stage.admin, function))?;
        Ok(off)
    }
}

impl Drop for Off<'_> {
    fn drop(&mut self) {
        for function in CLEANUP {
            if let Err(error) = hooks::switch_on(&self.0.admin, function) {
                eprintln!("{function} is still off: {}", error.chain());
            }
        }
    }
}

/// The grant, once it is in such a state.
fn grant(ana: &Session, request_id: &str, at_most: Duration, fits: impl Fn(&str) -> bool) -> Result<Value> {
    wait::until("the grant's next state", at_most, || {
        let grant = at(&ana.look(request_id)?, "/grant").clone();
        Ok(fits(text(&grant, "/state")).then_some(grant))
    })
}

fn expect(probe: &Probe, wanted: Access) -> Result<()> {
    let found = probe.read(TABLE)?;
    println!("   GetItem on {TABLE}: {found}");
    if found == wanted { Ok(()) } else { Err(LocalError::Unexpected(format!("it should be {wanted}"))) }
}

fn say(text: &str) {
    println!("\n{text}");
}

fn title(page: &str) -> &str {
    stint_local::admin::element(page, "h1").unwrap_or("a page without a heading")
}

fn seconds_now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
