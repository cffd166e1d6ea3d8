//! The fuzz target `open_commands`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| arcp_fuzz::open_commands(data));
