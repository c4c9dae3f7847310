//! Nothing is left running, however the holder of the leash ends.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Something that would run for ever.
fn endless(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.py"));
    fs::write(&path, "print('started', flush=True)\nimport time\nwhile True: time.sleep(3600)\n").unwrap();
    path
}

/// On a leash, and started: it has said so.
fn leashed(arguments: &[&str], script: &Path) -> Child {
    let mut command = Command::new("python3");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("leash.py")).args(arguments).arg(script);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = [0; 7];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut said).unwrap();
    assert_eq!(&said, b"started");
    child
}

#[test]
fn it_ends_when_its_pipe_closes_and_not_before() {
    let mut child = leashed(&["--stdin"], &endless("pipe"));
    assert!(child.try_wait().unwrap().is_none());
    drop(child.stdin.take());
    assert!(!child.wait().unwrap().success());
}

#[test]
fn it_ends_when_its_file_goes_and_not_when_its_pipe_closes() {
    let script = endless("file");
    let file = script.with_extension("up");
    fs::write(&file, "").unwrap();
    let mut child = leashed(&["--while", file.to_str().unwrap()], &script);
    drop(child.stdin.take());
    assert!(child.try_wait().unwrap().is_none());
    fs::remove_file(&file).unwrap();
    assert!(!child.wait().unwrap().success());
}

#[test]
fn of_two_leashes_either_ends_it() {
    let script = endless("both");
    let file = script.with_extension("up");
    fs::write(&file, "").unwrap();
    let mut child = leashed(&["--stdin", "--while", file.to_str().unwrap()], &script);
    drop(child.stdin.take());
    assert!(!child.wait().unwrap().success());
    assert!(file.exists());
}
