//! Draws inputs for the entrance `github_answer`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::github_answer(input));
