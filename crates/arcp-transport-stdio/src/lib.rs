//! ARCP over the standard streams of a process, one frame a line.
//!
//! [`StdioTransport`] is for the runtime that a client has started, [`ChildTransport`] for that
//! client. Only frames may go to standard output; logs belong on standard error.

mod child;
mod current;

pub use child::ChildTransport;
pub use current::StdioTransport;
