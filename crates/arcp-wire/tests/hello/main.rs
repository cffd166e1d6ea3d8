//! The `hello` dialect from outside: recorded connections, round trips, and bytes that are no frame.

#[cfg(test)]
mod heard;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod recorded;
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
