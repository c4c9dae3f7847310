//! The functions' cold start, memory and size, beside an empty function's, against the limits.

mod backlog;

use crate::release;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use stint_local::tools::Tools;
use stint_local::{LocalError, Result, paths, process};

const EMPTY: &str = "empty";
const ROUNDS: u32 = 15;
const WARM_CALLS: u32 = 20;

/// What one call of one function may take.
struct Limits {
    /// Of the event.
    name: &'static str,
    function: &'static str,
    /// It has policies built in.
    cedar: bool,
    /// The call asks policy, so the first one reads the policies that can concern it.
    decides: bool,
    /// How many removals the call makes: it is measured with all of their calls, and its instructions have no limit.
    removals: u32,
}

const fn limits(name: &'static str, function: &'static str, cedar: bool, decides: bool) -> Limits {
    Limits { name, function, cedar, decides, removals: 0 }
}

const fn removing(name: &'static str, function: &'static str, cedar: bool, removals: u32) -> Limits {
    Limits { removals, ..limits(name, function, cedar, false) }
}

const CALLS: [Limits; 12] = [
    limits("request", "request", true, false),
    limits("request-decides", "request", true, true),
    limits("approve", "approve", true, false),
    limits("notify", "notify", true, false),
    limits("grant", "grant", true, false),
    limits("reveal", "reveal", true, false),
    limits("expire", "expire", false, false),
    limits("reconcile", "reconcile", true, false),
    limits("rotate-credential", "rotate-credential", false, false),
    limits("provider-postgres", "provider-postgres", false, false),
    removing("expire-removes", "expire", false, 1),
    removing("reconcile-full", "reconcile", true, backlog::DUE),
];

/// Instructions to read one and to ask it once.
const OF_A_POLICY: usize = 75_000;

fn policies() -> usize {
    let files = fs::read_dir(paths::root().join("policies")).into_iter().flatten().flatten();
    let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
    texts.map(|text| text.matches("\n@id(").count()).sum()
}

impl Limits {
    /// MiB, instructions. What a first AWS call may take (without TLS) is what the first invocation takes more than a
    /// later one: how much a call has to do by itself is another matter, and the table shows it. What policies cost is
    /// allowed where they are read, which is at the first question: `request-decides` verifies a token with a key that
    /// it has to fetch, asks the directory, and decides about the whole catalog by each of the sample's policies.
    fn absolute(&self) -> Value {
        let zip = if self.cedar { 5.0 } else { 4.0 };
        let cold = 5_000_000 + if self.decides { OF_A_POLICY * policies() } else { 0 };
        let (cold, calls) = match self.removals {
            0 => (Some(cold), None),
            removals => (None, Some(backlog::calls(removals))),
        };
        json!({"zip": zip, "rss": 16.0, "instr_init": 2_500_000, "instr_cold": cold, "calls_first": calls})
    }

    /// What else the benchmark has to know of it: a sweep that is full is run a few times, each from its start.
    fn special(&self) -> Value {
        match self.removals {
            0 => json!({}),
            1 => json!({"fixtures": backlog::fixtures()}),
            _ => json!({"fixtures": backlog::fixtures(), "rounds": 3, "warm": 0}),
        }
    }

    /// To the empty function. What reads policies may take two million instructions more, which is some 0.6 of its time.
    fn ratios(&self) -> Value {
        json!({"init_cpu": if self.cedar { 2.2 } else { 1.6 }})
    }
}

pub(crate) fn run() -> Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(LocalError::Unexpected("the measurements need Linux on x86_64".to_owned()));
    }
    let folder = release::build(&["stint-empty-function"])?;
    let instructions = has_valgrind();
    if !instructions {
        println!("SKIPPED: instruction counts and their limits, since valgrind is not on the PATH");
    }
    let plan = plan(&folder, instructions)?;
    let path = paths::state()?.join("bench.json");
    fs::write(&path, plan.to_string()).map_err(|cause| LocalError::Io(path.display().to_string(), cause))?;
    let mut bench = Tools::ensure()?.command("python")?;
    process::shown("the benchmark", bench.arg(here().join("lambda_bench.py")).arg(path))
}

fn plan(folder: &Path, instructions: bool) -> Result<Value> {
    let mut targets = vec![target(folder, EMPTY, EMPTY, &json!({}), &json!({}))?];
    for call in &CALLS {
        let mut target = target(folder, call.name, call.function, &call.absolute(), &call.ratios())?;
        if let (Value::Object(target), Value::Object(special)) = (&mut target, call.special()) {
            target.extend(special);
        }
        targets.push(target);
    }
    let fixtures = json!([
        {"match": ".Query", "body": {"Items": [], "Count": 0, "ScannedCount": 0}},
        {"match": ".ListUsers", "body": {"Users": [{"Username": "bench", "Enabled": true, "Attributes": [
            {"Name": "sub", "Value": "bench"}, {"Name": "custom:kind", "Value": "employee"}]}]}},
        {"match": ".AdminListGroupsForUser", "body": {"Groups": [{"GroupName": "engineers"}]}},
    ]);
    Ok(json!({"rounds": ROUNDS, "warm": WARM_CALLS, "instructions": instructions, "fixtures": fixtures,
              "baseline": EMPTY, "targets": targets}))
}

fn target(folder: &Path, name: &str, function: &str, limits: &Value, ratios: &Value) -> Result<Value> {
    let event = here().join("events").join(format!("{name}.json"));
    let text =
        fs::read_to_string(&event).map_err(|cause| LocalError::Io(event.display().to_string(), cause))?;
    let event: Value = serde_json::from_str(&text)
        .map_err(|cause| LocalError::Unexpected(format!("{}: {cause}", event.display())))?;
    let program = folder.join(function).join("bootstrap");
    Ok(
        json!({"name": name, "program": program, "event": event, "env": environment(), "limits": limits, "ratios": ratios}),
    )
}

/// What the template gives to one function or another.
fn environment() -> Value {
    json!({
        "STINT_GRANTS_TABLE": "stint-grants",
        "STINT_AUDIT_TABLE": "stint-audit",
        "STINT_STATE_MACHINE_ARN": "arn:aws:states:eu-west-1:123456789012:stateMachine:stint-access",
        "STINT_EXPIRE_FUNCTION": "stint-expire",
        "STINT_NOTIFY_FUNCTION": "stint-notify",
        "STINT_BOUNDARY_ARN": "arn:aws:iam::123456789012:policy/stint-boundary",
        "STINT_USER_POOL_ID": "eu-west-1_bench",
        "STINT_ISSUER": "{url}",
        "STINT_AUDIENCE": "bench",
        "STINT_APPROVAL_KEY_ARN": "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000",
        "STINT_LINK_KEY_ARN": "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000001",
        "STINT_PUBLIC_URL": "https://stint.example.org",
        "STINT_MAIL_FROM": "stint@example.org",
    })
}

fn here() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bench")
}

fn has_valgrind() -> bool {
    let asked =
        Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;
    use stint_local::functions;

    #[test]
    fn every_function_is_measured() {
        for name in functions::NAMES.iter().filter(|name| **name != "provider-example") {
            assert!(CALLS.iter().any(|call| call.function == *name), "{name}");
        }
    }
}
