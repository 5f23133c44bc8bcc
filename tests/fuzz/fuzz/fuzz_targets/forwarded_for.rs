//! Fuzzes `fuzz::forwarded_for`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::forwarded_for(input));
