//! Blobs that say of themselves whether they are whole.

use bytes::Bytes;
use libtest_mimic::Failed;

use crate::contract::{Outcome, ensure};

/// A blob of `size` bytes and a few more, told from others by `tag`.
pub(super) fn sample(tag: &str, size: usize) -> Bytes {
    let head = format!("{tag} {size};");
    let times = size / head.len() + 1;
    head.repeat(times).into()
}

/// The tag of a sample, which has to be whole.
pub(super) fn tag_of(bytes: &[u8]) -> Result<String, Failed> {
    let head = bytes.split(|byte| *byte == b';').next().unwrap_or_default();
    let head = std::str::from_utf8(head)?;
    let (tag, size) = head.rsplit_once(' ').ok_or("the head of a blob is damaged")?;
    is_whole(bytes, tag, size.parse()?)?;
    Ok(tag.to_owned())
}

fn is_whole(bytes: &[u8], tag: &str, size: usize) -> Outcome {
    let want = sample(tag, size);
    ensure(bytes == want, || {
        format!("{tag} has {} bytes and not {}, or others", bytes.len(), want.len())
    })
}
