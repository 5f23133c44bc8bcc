//! Fuzzes `fuzz::batch_response`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::batch_response(input));
