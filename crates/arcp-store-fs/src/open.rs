//! Opening a folder: makes it, and takes away what an earlier process has left half done.

use std::fs;
use std::io;
use std::path::Path;

use crate::error::{Result, failed};
use crate::folder::Folder;
use crate::name;
use crate::{Durability, Options};

pub(crate) fn open(path: &Path, options: Options) -> Result<Folder> {
    make(path, options.durability).map_err(|error| failed("making the folder", path, &error))?;
    sweep(path).map_err(|error| failed("opening the folder", path, &error))?;
    Ok(Folder::new(path.to_owned(), options.durability))
}

/// Makes the folder and those above it, and with full durability so that they survive a power cut.
fn make(folder: &Path, durability: Durability) -> io::Result<()> {
    let missing: Vec<_> =
        folder.ancestors().take_while(|folder| !is_empty(folder) && !folder.is_dir()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    create(folder)?;
    if durability == Durability::Process {
        return Ok(());
    }
    missing.into_iter().filter_map(Path::parent).try_for_each(sync)
}

fn is_empty(path: &Path) -> bool {
    path.as_os_str().is_empty()
}

/// What agents made is nobody else's affair.
#[cfg(unix)]
fn create(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Waits until the entries of a folder are on the disk.
#[cfg(unix)]
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    let folder = if is_empty(folder) { Path::new(".") } else { folder };
    fs::File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file, and its entries are written without asking.
#[cfg(not(unix))]
pub(crate) fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Removes parts of blobs, and says so when there is what it does not know.
fn sweep(folder: &Path) -> io::Result<()> {
    let mut strangers = 0_usize;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let file = entry.file_name();
        if name::is_part(&file) {
            if let Err(error) = fs::remove_file(entry.path()) {
                tracing::warn!(%error, ?file, "cannot remove a part of a blob");
            }
        } else if name::decode(&file).is_none() || !entry.file_type()?.is_file() {
            strangers += 1;
            tracing::debug!(?file, "not a blob");
        }
    }
    if strangers > 0 {
        tracing::warn!(?folder, strangers, "there is what is not a blob: it is left alone");
    }
    Ok(())
}
