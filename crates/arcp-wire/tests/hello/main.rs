//! The `hello` dialect from outside: recorded connections, round trips, and bytes that are no frame.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them when it updates")]

#[cfg(test)]
mod agreed;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod client;
#[cfg(test)]
mod encoded;
#[cfg(test)]
mod events;
#[cfg(test)]
mod heard;
#[cfg(test)]
mod malformed;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod other;
#[cfg(test)]
mod profiles;
#[cfg(test)]
#[path = "../../../../tests/fuzz/src/question.rs"]
mod question;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod roundtrip;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod told;
#[cfg(test)]
mod union;
#[cfg(test)]
#[path = "../values/mod.rs"]
mod values;
#[cfg(test)]
mod vectors;
