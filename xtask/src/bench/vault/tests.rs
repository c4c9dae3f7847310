use super::crowd::{Play, simulate};
use super::report::{Report, Stay};

const FEW: Play = Play { requesters: 12, secrets: 2, each: 2 };

#[test]
fn many_who_want_few_credentials_have_them_one_at_a_time() {
    let report = simulate(FEW).unwrap();
    assert_eq!(report.stays.len(), 24);
    report.is_sound().unwrap();
    assert!(report.stays.iter().any(|stay| stay.got - stay.asked > 60_000_000), "nobody had to wait");
}

#[test]
fn the_same_simulation_shows_the_same() {
    assert_eq!(simulate(FEW).unwrap().lines(), simulate(FEW).unwrap().lines());
}

fn stay(secret: &str, got: u64, clean: u64) -> Stay {
    Stay { secret: secret.to_owned(), asked: 0, got, returned: clean - 1, clean }
}

#[test]
fn two_who_have_one_credential_at_the_same_time_are_counted_until_it_is_clean() {
    let overlaps = |stays: [Stay; 2]| Report::overlaps(&stays);
    assert_eq!(overlaps([stay("a", 1, 5), stay("a", 5, 9)]), 0);
    assert_eq!(overlaps([stay("a", 1, 5), stay("a", 4, 9)]), 1);
    assert_eq!(overlaps([stay("a", 1, 5), stay("b", 4, 9)]), 0);
}

#[test]
fn a_simulation_with_two_holders_or_a_known_secret_or_too_few_checkouts_has_failed() {
    let play = Play { requesters: 2, secrets: 1, each: 1 };
    let sound = |second, shown_twice, unclean| {
        let stays = vec![stay("a", 1, 5), stay("a", second, 9)];
        Report { play, stays, shown_twice, unclean }.is_sound().is_ok()
    };
    assert!(sound(5, 0, 0));
    assert!(!sound(4, 0, 0) && !sound(5, 1, 0) && !sound(5, 0, 1));
    assert!(Report { play, stays: vec![stay("a", 1, 5)], shown_twice: 0, unclean: 0 }.is_sound().is_err());
}
