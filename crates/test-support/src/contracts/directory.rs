//! Who people are, whichever directory says so.

use stint_app::ports::Directory;
use stint_domain::principal::Person;

/// In a directory with the sample organisation, in which `ben` is the only one of the platform leads.
#[expect(clippy::expect_used, reason = "a suite stops at the first broken promise")]
pub async fn people_are_found_by_id_and_by_group_and_nobody_else_is(
    directory: &impl Directory,
    ben: &Person,
) {
    assert_eq!(
        directory.person(&ben.id).await.expect("person").as_ref(),
        Some(ben),
        "with all that is known"
    );
    let leads = directory.members(&"platform-leads".parse().expect("a group's name")).await.expect("members");
    assert_eq!(leads, std::slice::from_ref(ben), "with all of their groups");
    let unknown = "00000000-0000-4000-8000-000000000000".parse().expect("an id");
    assert_eq!(directory.person(&unknown).await.expect("person"), None);
    let none = directory.members(&"no-such-group".parse().expect("a group's name")).await.expect("members");
    assert!(none.is_empty(), "a group that nobody has heard of has no members");
}
