//! Fuzzes `fuzz::pipelines_response`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::pipelines_response(input));
