//! Draws inputs for the entrance `batch_answer`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::batch_answer(input));
