//! The command line.

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Up { port: Option<u16>, detach: bool },
    Down,
    Demo { without_cleanup: bool },
    Test { only: Option<String> },
    Build,
    Bench { only: Option<Measurement> },
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) enum Measurement {
    Functions,
    Expiry,
    Policy,
    Postgres,
    Vault,
}

pub(crate) fn parse(arguments: &[String]) -> Result<Command, String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["help" | "--help" | "-h"] => Ok(Command::Help),
        ["up", rest @ ..] => up(rest),
        ["down"] => Ok(Command::Down),
        ["demo"] => Ok(Command::Demo { without_cleanup: false }),
        ["demo", "--without-cleanup"] => Ok(Command::Demo { without_cleanup: true }),
        ["test"] => Ok(Command::Test { only: None }),
        ["test", "--only", step] => Ok(Command::Test { only: Some((*step).to_owned()) }),
        ["build", "--release"] => Ok(Command::Build),
        ["build"] => {
            Err("for AWS, functions are built with --release; `up` builds them for this machine".to_owned())
        }
        ["bench"] => Ok(Command::Bench { only: None }),
        ["bench", "expiry"] => Ok(Command::Bench { only: Some(Measurement::Expiry) }),
        ["bench", "functions"] => Ok(Command::Bench { only: Some(Measurement::Functions) }),
        ["bench", "policy"] => Ok(Command::Bench { only: Some(Measurement::Policy) }),
        ["bench", "postgres"] => Ok(Command::Bench { only: Some(Measurement::Postgres) }),
        ["bench", "vault"] => Ok(Command::Bench { only: Some(Measurement::Vault) }),
        words => Err(format!("not understood: {}", words.join(" "))),
    }
}

fn up(mut rest: &[&str]) -> Result<Command, String> {
    let (mut port, mut detach) = (None, false);
    loop {
        rest = match rest {
            [] => return Ok(Command::Up { port, detach }),
            ["--detach", rest @ ..] => {
                detach = true;
                rest
            }
            ["--port", number, rest @ ..] => {
                port = Some(number.parse().map_err(|_| format!("{number} is no port"))?);
                rest
            }
            [word, ..] => return Err(format!("up does not know {word}")),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn commands_have_their_options_and_no_others() {
        assert_eq!(parsed("up --port 4600 --detach"), Ok(Command::Up { port: Some(4600), detach: true }));
        assert_eq!(parsed("up"), Ok(Command::Up { port: None, detach: false }));
        assert_eq!(parsed("bench expiry"), Ok(Command::Bench { only: Some(Measurement::Expiry) }));
        assert_eq!(parsed("bench policy"), Ok(Command::Bench { only: Some(Measurement::Policy) }));
        assert_eq!(parsed("bench postgres"), Ok(Command::Bench { only: Some(Measurement::Postgres) }));
        assert_eq!(parsed("bench vault"), Ok(Command::Bench { only: Some(Measurement::Vault) }));
        assert_eq!(parsed("bench"), Ok(Command::Bench { only: None }));
        assert_eq!(parsed("test --only docs"), Ok(Command::Test { only: Some("docs".to_owned()) }));
        assert_eq!(parsed("demo --without-cleanup"), Ok(Command::Demo { without_cleanup: true }));
        for wrong in ["up --port x", "up --port", "up now", "build", "deploy", "demo --fast", "bench now"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
