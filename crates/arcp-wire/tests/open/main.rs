//! The `open` dialect from outside: recorded frames, round trips, and bytes that are no frame.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them when it updates")]

#[cfg(test)]
mod detect;
#[cfg(test)]
mod encoded;
#[cfg(test)]
mod malformed;
#[cfg(test)]
mod observers;
#[cfg(test)]
mod resumed;
#[cfg(test)]
mod roundtrip;
#[cfg(test)]
mod samples;
#[cfg(test)]
#[path = "../values/mod.rs"]
mod values;
#[cfg(test)]
mod vectors;
