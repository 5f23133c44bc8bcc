//! Fuzzes `fuzz::pipelines_event`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::pipelines_event(input));
