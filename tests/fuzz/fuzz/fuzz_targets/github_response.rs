//! Fuzzes `fuzz::github_response`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::github_response(input));
