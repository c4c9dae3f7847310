//! `stint policy` as its user runs it, on the sample organisation and on copies of it with something wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up should stop"
)]

mod checked;
mod explained;
mod folder;
mod replayed;
mod tested;

use folder::{Folder, sample, stint};

#[test]
fn the_sample_organisation_is_without_a_fault_and_every_case_of_it_holds() {
    let folder = sample();
    let checked = stint(&["policy", "check", folder.to_str().unwrap()]);
    assert_eq!((checked.code, checked.last()), (0, "8 policy files, 0 errors, 0 warnings"), "{checked:?}");
    let tested = stint(&["policy", "test", folder.to_str().unwrap()]);
    assert!(tested.code == 0 && tested.last().ends_with(" cases, 0 failed"), "{tested:?}");
}

#[test]
fn what_cannot_be_asked_so_is_neither_good_nor_bad() {
    let folder = Folder::copy();
    let path = folder.path().to_str().unwrap();
    for words in [
        &["policy"][..],
        &["policy", "chek", path],
        &["policy", "check", path, path],
        &["policy", "check", path, "--policies", path],
        &["policy", "test", "--fast", path],
        &["policy", "explain"],
        &["policy", "check", "/nowhere/at/all"],
        &["policy", "explain", "/nowhere.json", "--policies", path],
    ] {
        assert_eq!(stint(words).code, 2, "{words:?}");
    }
    assert_eq!(stint(&["--help"]).code, 0);
}
