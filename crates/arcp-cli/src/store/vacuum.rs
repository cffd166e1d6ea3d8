//! `arcp store vacuum`: what is free in the database file goes back to the disk.

use std::path::Path;

use super::open;
use super::stats::bytes;
use crate::exit::{self, Code, Error};
use crate::show::say;

pub(super) fn run(data: &Path) -> Result<Code, Error> {
    let vacuumed = open(data)?.vacuum().map_err(Error::failed)?;
    let (before, after) = (vacuumed.before, vacuumed.after);
    let back = bytes(before.saturating_sub(after));
    say(format_args!("gave back {back}: from {} to {}", bytes(before), bytes(after)))?;
    Ok(exit::OK)
}
