//! The fuzz targets over their committed corpus and a fixed number of its mutations: the same ones in every run, on the
//! toolchain that builds everything else. The unbounded run is libFuzzer's (CONTRIBUTING.md).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]
#![allow(clippy::string_slice, unreachable_pub, reason = "the targets are a library to libFuzzer")]

mod mutation;
#[path = "../../fuzz/src/lib.rs"]
mod targets;

use mutation::Mutator;
use std::panic::catch_unwind;
use std::path::Path;
use targets::{TARGETS, Target};

/// Of every target, and the number of times that a run does not depend on.
const MUTATIONS: usize = 20_000;

/// Inputs and whether their names say that they are refused; sorted by name, so that every run has the same order.
fn corpus(target: &str) -> Vec<(bool, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let refused = |file: &Path| file.to_str().unwrap().ends_with("-refused");
    files.iter().map(|file| (refused(file), std::fs::read(file).unwrap())).collect()
}

/// Whether the input is accepted, or that it breaks the rule; what the rule says is on standard error.
fn tried(target: Target, input: &[u8]) -> Result<bool, String> {
    catch_unwind(|| target(input)).map_err(|_| format!("breaks on b\"{}\"", input.escape_ascii()))
}

fn holds(target: Target, corpus: Vec<(bool, Vec<u8>)>) -> Result<(), String> {
    for (refused, seed) in &corpus {
        if tried(target, seed)? == *refused {
            return Err(format!("does not answer as the name says to b\"{}\"", seed.escape_ascii()));
        }
    }
    let seeds: Vec<_> = corpus.into_iter().map(|(_, seed)| seed).collect();
    let (mut mutator, mut accepted) = (Mutator::new(&seeds), 0);
    for _ in 0..MUTATIONS {
        accepted += usize::from(tried(target, &mutator.next())?);
    }
    println!("  {} seeds; {accepted} of {MUTATIONS} mutations accepted", seeds.len());
    // A run that accepts all or nothing has tried nothing.
    if accepted == 0 || accepted == MUTATIONS { Err("tells no inputs apart".to_owned()) } else { Ok(()) }
}

#[test]
fn nothing_breaks_a_reader_and_nothing_is_read_that_is_written_otherwise() {
    let failures = TARGETS.iter().filter_map(|(name, target)| {
        println!("{name}");
        holds(*target, corpus(name)).err().map(|what| format!("{name} {what}"))
    });
    let failures: Vec<_> = failures.collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn every_folder_of_the_corpus_and_every_binary_is_of_a_target() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let names = |folder: &str| -> Vec<String> {
        let entries = std::fs::read_dir(fuzz.join(folder)).unwrap();
        let stem = |path: std::path::PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut names: Vec<_> = entries.map(|entry| stem(entry.unwrap().path())).collect();
        names.sort();
        names
    };
    let targets = TARGETS.map(|(name, _)| name.to_owned());
    assert_eq!(names("corpus"), targets);
    assert_eq!(names("fuzz_targets"), targets);
}
