//! The fuzz target `open_outputs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| arcp_fuzz::open_outputs(data));
