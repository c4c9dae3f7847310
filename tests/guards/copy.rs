//! A copy of the crates without AWS, to take things out of.

use crate::list::Guard;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const MEMBERS: [&str; 4] = ["crates/domain", "crates/policy", "crates/app", "crates/test-support"];

/// Lies in the project's own target folder, so that its dependencies are compiled once for all its runs.
pub(crate) struct Copy {
    folder: PathBuf,
}

impl Copy {
    pub(crate) fn make() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
        let folder = root.join("target/guards");
        for member in MEMBERS.iter().chain(&["policies"]) {
            let _ = fs::remove_dir_all(folder.join(member));
            copied(&root.join(member), &folder.join(member));
        }
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        fs::copy(root.join("clippy.toml"), folder.join("clippy.toml")).unwrap();
        fs::write(folder.join("Cargo.toml"), manifest(&fs::read_to_string(root.join("Cargo.toml")).unwrap()))
            .unwrap();
        Self { folder }
    }

    /// Takes a guard out until what is returned goes out of scope.
    pub(crate) fn without(&self, guard: &Guard) -> Restore {
        let path = self.folder.join(guard.file);
        let original = fs::read_to_string(&path).unwrap();
        assert_eq!(original.matches(guard.is).count(), 1, "{}: `{}` is not there once", guard.file, guard.is);
        fs::write(&path, original.replace(guard.is, guard.becomes)).unwrap();
        Restore { path, original }
    }

    /// Whether the tests pass; that they compile is a must.
    pub(crate) fn passes(&self, suite: &str, tests: &str) -> bool {
        let run = |last: &[&str]| {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.current_dir(&self.folder).env("CARGO_TARGET_DIR", self.folder.join("target"));
            cargo.args(["test", "--offline", "--workspace", "--test", suite]).args(last);
            cargo.output().unwrap()
        };
        let built = run(&["--no-run"]);
        assert!(built.status.success(), "{suite}: {}", String::from_utf8_lossy(&built.stderr));
        run(&["--", tests]).status.success()
    }
}

pub(crate) struct Restore {
    path: PathBuf,
    original: String,
}

impl Drop for Restore {
    fn drop(&mut self) {
        fs::write(&self.path, &self.original).unwrap();
    }
}

/// The same workspace with fewer members, built incrementally: one guard changes one file.
fn manifest(whole: &str) -> String {
    let members = format!("members = {MEMBERS:?}");
    let line = |line: &str| match line {
        "incremental = false" => "incremental = true".to_owned(),
        members_of_all if members_of_all.starts_with("members = ") => members.clone(),
        other => other.to_owned(),
    };
    let kept = whole.split("[profile.dev.package.stint-fn-").next().unwrap().lines().map(line);
    kept.map(|line| line + "\n").collect()
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copied(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
