//! `stint`, the command line. So far it has what an author of policies needs.
//!
//! It reads files and writes to standard output. It must not know AWS, and decides nothing that the policy crate does not.

mod case;
mod check;
mod explain;
mod folder;
mod lints;
mod past;
mod place;
mod question;
mod replay;
mod test;

use folder::Unusable;
use lexopt::prelude::{Long, Short, Value};
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
stint policy check [DIR]                     parses, validates and lints the policies and the catalog
stint policy test [DIR]                      puts the cases of DIR/tests to them
stint policy explain CASE [--policies DIR]   one decision: what decided it, what is missing, who could approve
stint policy replay EXPORT [--policies DIR]  past requests by these policies: which would be decided otherwise

DIR is the folder of policies, `policies` if it is left out; CASE is a file as in DIR/tests/ALLOW; EXPORT is the audit as
JSON Lines, from the API. It ends with 0 if all is well and nothing otherwise, 1 if not, 2 if it could not be asked so, and
3 if the export was tampered with or is not whole.";

enum Command {
    Help,
    Check(PathBuf),
    Test(PathBuf),
    Explain { case: PathBuf, policies: PathBuf },
    Replay { export: PathBuf, policies: PathBuf },
}

fn main() -> ExitCode {
    let done = match arguments(lexopt::Parser::from_env()) {
        Ok(Command::Help) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Command::Check(folder)) => check::run(&folder),
        Ok(Command::Test(folder)) => test::run(&folder),
        Ok(Command::Explain { case, policies }) => explain::run(&case, &policies),
        Ok(Command::Replay { export, policies }) => replay::run(&export, &policies),
        Err(why) => {
            eprintln!("{why}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(unusable) => {
            eprintln!("{unusable}");
            ExitCode::from(match unusable {
                Unusable::Export { .. } => 3,
                _ => 2,
            })
        }
    }
}

fn arguments(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let (mut words, mut policies) = (Vec::new(), None);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("policies") => policies = Some(PathBuf::from(parser.value()?)),
            Value(word) => words.push(PathBuf::from(word)),
            other => return Err(other.unexpected()),
        }
    }
    command(&words, policies).ok_or_else(|| "there is no such command".into())
}

fn command(words: &[PathBuf], policies: Option<PathBuf>) -> Option<Command> {
    let default = || PathBuf::from("policies");
    let [policy, verb, rest @ ..] = words else { return None };
    match (policy.to_str()?, verb.to_str()?, rest, policies) {
        ("policy", "check", [], None) => Some(Command::Check(default())),
        ("policy", "check", [folder], None) => Some(Command::Check(folder.clone())),
        ("policy", "test", [], None) => Some(Command::Test(default())),
        ("policy", "test", [folder], None) => Some(Command::Test(folder.clone())),
        ("policy", "explain", [case], policies) => {
            Some(Command::Explain { case: case.clone(), policies: policies.unwrap_or_else(default) })
        }
        ("policy", "replay", [export], policies) => {
            Some(Command::Replay { export: export.clone(), policies: policies.unwrap_or_else(default) })
        }
        _ => None,
    }
}
