//! The fuzz target `hello_outputs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| arcp_fuzz::hello_outputs(data));
