//! `cargo xtask up` in the foreground ends with everything that it has started.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use stint_local::http::Http;
use stint_local::{cloud, wait};

const INTERRUPT: i32 = 2;
/// The cloud's own patience and some.
const TO_END: Duration = Duration::from_secs(30);

/// A process that is not only waiting to be forgotten.
struct Process {
    parent: u32,
    command: String,
}

fn processes() -> BTreeMap<u32, Process> {
    let ids =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter_map(|id| Some((id, process(id)?))).collect()
}

fn process(id: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut after_name = stat.rsplit_once(") ")?.1.split(' ');
    let (state, parent) = (after_name.next()?, after_name.next()?.parse().ok()?);
    let command = fs::read_to_string(format!("/proc/{id}/cmdline")).ok()?.replace('\0', " ");
    (state != "Z").then_some(Process { parent, command })
}

/// Everything below this process, by its id.
fn below(root: u32) -> BTreeMap<u32, String> {
    let all = processes();
    let mut found = BTreeMap::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for (id, process) in all.iter().filter(|(_, process)| process.parent == parent) {
            found.insert(*id, process.command.clone());
            parents.push(*id);
        }
    }
    found
}

/// In a process group of its own, as a terminal has it, and ready.
fn up(port: u16) -> Child {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("up.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["up", "--port", &port.to_string()]).env("STINT_UP", file);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "Ctrl-C ends it."), "it ended before it was up");
    child
}

#[test]
fn ctrl_c_ends_the_cloud_its_functions_and_its_database() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut up = up(port);
    let http = Http::new(cloud::url(port));
    assert_eq!(http.get("/approvals/nobodys").unwrap().status, 404, "a function answers");
    let started = below(up.id());
    for what in ["cloud.py", "bootstrap", "postgres"] {
        assert!(started.values().any(|command| command.contains(what)), "{what} runs: {started:?}");
    }
    let kill = Command::new("kill").args(["-INT", "--", &format!("-{}", up.id())]).status().unwrap();
    assert!(kill.success());
    assert_eq!(up.wait().unwrap().signal(), Some(INTERRUPT));
    let left = || {
        let all = processes();
        let same = |(id, command): &(&u32, &String)| all.get(id).is_some_and(|one| one.command == **command);
        started.iter().filter(same).map(|(_, command)| command.clone()).collect::<Vec<_>>()
    };
    let gone = wait::until("the end of everything", TO_END, || Ok(left().is_empty().then_some(())));
    assert!(gone.is_ok(), "left running: {:?}", left());
}
