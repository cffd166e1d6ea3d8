//! The fuzz target `hello_commands`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| arcp_fuzz::hello_commands(data));
