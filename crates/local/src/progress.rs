//! Says on standard error what is going on, and how long it took.

use std::time::Instant;

/// Announces `what`, does it, and says how long it took.
pub fn step<T, E>(what: &str, act: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let began = Instant::now();
    eprintln!("-- {what}");
    let result = act();
    let seconds = began.elapsed().as_secs_f32();
    match &result {
        Ok(_) => eprintln!("   {what}: {seconds:.1} s"),
        Err(_) => eprintln!("   {what}: failed after {seconds:.1} s"),
    }
    result
}

pub fn note(text: &str) {
    eprintln!("   {text}");
}
