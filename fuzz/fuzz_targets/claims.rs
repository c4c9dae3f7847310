#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    stint_fuzz::claims(bytes);
});
