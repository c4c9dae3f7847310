//! The project's own commands. Thin: what they do with the local cloud is in `stint-local`.

mod args;
mod audit_table;
mod bench;
mod checks;
mod demo;
mod release;
mod up;

use args::Command;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  up [--port N] [--detach]   build, start the local cloud, deploy Stint, seed the sample organisation
  down                       end what `up` has started
  demo [--without-cleanup]   somebody asks, somebody approves, access ends: with proof
  test [--only STEP]         everything that CI runs
  build --release            the functions for AWS, into target/lambda
  bench [functions|policy|expiry|postgres|vault]
                             the functions' cold start, memory and size against their limits; how long policy takes to be
                             ready and to decide, by the size of the catalog; the end of many grants against IAM's rate,
                             in virtual time; one-time roles against the same statements run bare; many checkouts of few
                             credentials, and how long a rotation takes

Needed beforehand: Rust, a C compiler, Python 3.10 or later with venv, PostgreSQL 15 or later; for the instruction counts of
`bench functions`, valgrind. Everything else is fetched.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let command = match args::parse(&arguments) {
        Ok(command) => command,
        Err(why) => {
            eprintln!("{why}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let done = match command {
        Command::Help => {
            println!("{HELP}");
            Ok(())
        }
        Command::Up { port, detach } => up::up(port, detach),
        Command::Down => up::down(),
        Command::Demo { without_cleanup } => demo::run(without_cleanup),
        Command::Test { only } => checks::run(only.as_deref()),
        Command::Build => release::build(&[]).map(drop),
        Command::Bench { only } => bench::run(only),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {}", error.chain());
            ExitCode::FAILURE
        }
    }
}
