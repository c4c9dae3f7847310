//! Copies of the sample organisation, and the program.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs};

pub(crate) fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies").canonicalize().unwrap()
}

/// A copy that is gone after its test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn copy() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("policies-{}-{number}", std::process::id()));
        copy(&sample(), &path);
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.0.join(name)).unwrap();
    }

    /// `is` has to be there.
    pub(crate) fn replace(&self, name: &str, is: &str, becomes: &str) {
        let text = self.text(name);
        assert!(text.contains(is), "{name}: {is}");
        self.write(name, &text.replacen(is, becomes, 1));
    }

    pub(crate) fn append(&self, name: &str, more: &str) {
        self.write(name, &format!("{}{more}", self.text(name)));
    }

    pub(crate) fn run(&self, verb: &str) -> Said {
        stint(&["policy", verb, self.0.to_str().unwrap()])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
}

impl Said {
    pub(crate) fn last(&self) -> &str {
        self.out.lines().last().unwrap_or_default()
    }

    pub(crate) fn says(&self, line: &str) -> bool {
        self.out.contains(line)
    }
}

pub(crate) fn stint(words: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_stint")).args(words).output().unwrap();
    Said { code: output.status.code().unwrap(), out: String::from_utf8(output.stdout).unwrap() }
}
