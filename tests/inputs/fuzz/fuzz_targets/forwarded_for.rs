//! Draws inputs for the entrance `forwarded_for`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| inputs::forwarded_for(input));
