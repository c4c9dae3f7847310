//! Stint as a whole, tried as its users would: real function binaries, deployed by `sam deploy` to a local cloud that
//! enforces IAM.
//!
//! - `contracts`: the adapters keep the promises that the fakes keep.
//! - `journeys`: every way a request can end, seen from outside, and what a lifecycle costs.
//! - `links`: what mail scanners, double clicks and late comers do with an approval link.
//! - `api`: what the API answers to nonsense, strangers and repetition.
//! - `kills`: functions that die between any two of their calls, and events that come twice.
//! - `postgres`: logins and one-time roles in a real server, whatever breaks off in between.
//! - `roles`: each function may do what it needs and nothing else.
//! - `fuzz`: what is read from outside, over the corpus of `fuzz/` and its mutations.
