//! The fuzz target `lease_grammar`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| arcp_fuzz::lease_grammar(data));
