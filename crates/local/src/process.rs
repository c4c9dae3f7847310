//! Other programs, run to their end.

use crate::{LocalError, Result, paths};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// How much of a failed program's output is shown.
const SHOWN: usize = 6000;

/// Runs it; returns its standard output. If it fails, the end of both its outputs is in the error.
pub fn output(what: &str, command: &mut Command) -> Result<String> {
    let done = command.stdin(Stdio::null()).output().map_err(|cause| not_started(what, command, cause))?;
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    if done.status.success() {
        return Ok(out.into_owned());
    }
    Err(LocalError::Failed { what: what.to_owned(), output: format!("{}{}", tail(&out), tail(&err)) })
}

/// Runs it with its outputs going where ours go.
pub fn shown(what: &str, command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).status().map_err(|cause| not_started(what, command, cause))?;
    if status.success() { Ok(()) } else { Err(failed(what)) }
}

/// Runs it with standard output handed over line by line and standard error going where ours goes.
pub fn lines(what: &str, command: &mut Command, mut each: impl FnMut(&str)) -> Result<()> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|cause| not_started(what, command, cause))?;
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        each(&line.map_err(LocalError::io(what))?);
    }
    let status = child.wait().map_err(LocalError::io(what))?;
    if status.success() { Ok(()) } else { Err(failed(what)) }
}

/// Cargo in the project's root. What `cargo run` and `cargo test` tell their program about itself is taken out: build
/// scripts look at it, and would run again each time.
#[must_use]
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let about = name.to_string_lossy();
        if about.starts_with("CARGO_PKG_") || about.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command.current_dir(paths::root()).args(arguments);
    command
}

fn failed(what: &str) -> LocalError {
    LocalError::Failed { what: what.to_owned(), output: "see above".to_owned() }
}

fn not_started(what: &str, command: &Command, cause: std::io::Error) -> LocalError {
    let program = command.get_program().to_string_lossy().into_owned();
    if cause.kind() == std::io::ErrorKind::NotFound {
        let advice = format!("{what} needs it; please install it or add it to the PATH");
        return LocalError::Missing { what: program, advice };
    }
    LocalError::Io(format!("{program} cannot be started"), cause)
}

/// The end of a text, from the start of a line if there is one.
#[must_use]
pub fn tail(text: &str) -> &str {
    let start = text.len().saturating_sub(SHOWN);
    let start = (start..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(start..).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_that_fails_is_quoted_and_one_that_works_is_not() {
        assert_eq!(output("it", &mut sh("echo out")).unwrap(), "out\n");
        let failed = output("it", &mut sh("echo out; echo err >&2; exit 3")).unwrap_err();
        assert_eq!(failed.to_string(), "it failed\nout\nerr\n");
    }

    #[test]
    fn a_program_that_is_not_there_is_named_with_what_needs_it() {
        let error = output("the test", &mut Command::new("no-such-program")).unwrap_err().to_string();
        assert!(error.starts_with("no-such-program is missing: the test needs it"), "{error}");
    }

    #[test]
    fn the_tail_of_a_text_ends_as_the_text_does_and_cuts_no_letter() {
        let text = "ü".repeat(SHOWN);
        assert!(text.ends_with(tail(&text)) && tail(&text).len() <= SHOWN);
        assert_eq!(tail("short"), "short");
    }
}
