//! What is timed and what is counted: clients that speak frames, jobs that say the same things each time,
//! and an engine with nothing around it.
//!
//! Nothing here reads a clock, is random or does IO: two runs do the same.

mod client;
mod house;
mod says;

pub use client::{Client, DIALECTS};
pub use house::{Done, House, Line, output};
pub use says::{event, head, result};
