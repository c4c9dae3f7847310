//! A set that stalls on its way: with time left it counts, and too late it changes nothing.

use crate::passwords::with_login;
use crate::scene::{admin, chance, later, now, run, unavailable};
use crate::wire::Wire;
use jiff::{SignedDuration, Timestamp};
use stint_postgres::{Identifier, Login, NewPassword, Result, Server, rotation};

/// More than the clocks are read by, and less than anything is held.
const TOO_LATE_BY: SignedDuration = SignedDuration::from_millis(100);

async fn gets_in(user: &Identifier, password: &NewPassword) -> Result<bool> {
    let login = Login { user: user.clone(), password: password.password.clone() };
    rotation::can_log_in(&admin().0, &login).await
}

/// Sets it over a wire that holds up what comes after so many messages; and whether it was done before that went on.
async fn held(user: &Identifier, after: usize, wait: SignedDuration, until: Option<Timestamp>) -> Held {
    let (server, admin) = admin();
    let (new, released) = (NewPassword::of(&chance()), now() + wait);
    let through = Server { port: Wire::held_after(after, released).port, ..server };
    let until = until.unwrap_or(released - TOO_LATE_BY);
    let done = rotation::set_password(&through, &admin, user, &new.verifier, until).await;
    Held { new, done, waited: now() >= released }
}

struct Held {
    new: NewPassword,
    done: Result<()>,
    waited: bool,
}

/// `None` if all that was held up is the good-bye. A machine that is busy gets more time to come so far.
async fn too_late(user: &Identifier, after: usize) -> Option<Held> {
    for wait in [300, 1_000, 3_000].map(SignedDuration::from_millis) {
        match held(user, after, wait, None).await {
            Held { done: Ok(()), waited: true, .. } => {}
            Held { done: Ok(()), waited: false, .. } => return None,
            refused => return Some(refused),
        }
    }
    panic!("after {after}: it was set, although it came too late")
}

#[test]
fn a_set_that_stalls_past_its_time_changes_nothing_wherever_it_stalls_and_one_with_time_left_counts() {
    run(async {
        let (server, admin) = admin();
        let user = with_login("stalled").await;
        let mut before = NewPassword::of(&chance());
        rotation::set_password(&server, &admin, &user, &before.verifier, later()).await.unwrap();
        for after in 0.. {
            let Some(late) = too_late(&user, after).await else {
                return assert!(after > 5, "only {after} places to stall");
            };
            assert_eq!(unavailable(late.done), "it was told too late", "after {after}");
            assert_eq!(gets_in(&user, &late.new).await, Ok(false), "after {after}");
            assert_eq!(gets_in(&user, &before).await, Ok(true), "after {after}");
            let in_time = held(&user, after, SignedDuration::from_millis(300), Some(later())).await;
            assert_eq!(in_time.done, Ok(()), "after {after}");
            assert_eq!(gets_in(&user, &in_time.new).await, Ok(true), "after {after}");
            before = in_time.new;
        }
    });
}
