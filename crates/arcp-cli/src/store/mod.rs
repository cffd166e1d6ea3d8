//! `arcp store`: looking after the data of a runtime that is not running.
//!
//! Whatever is done, the folder's lock is held from the beginning to the end, so that no runtime
//! starts in between.

mod check;
mod export;
mod stats;
mod sweep;
mod vacuum;
mod walk;

use std::path::{Path, PathBuf};

use arcp::store_fs::FolderBlobs;
use arcp::store_sqlite::SqliteStore;
use arcp::store_sqlite::maintenance::Folder;

use crate::args::{Store, StoreCommand};
use crate::config::DEFAULT_DATA;
use crate::exit::{Code, Error};

pub(crate) async fn run(args: Store) -> Result<Code, Error> {
    let Store { data, command } = args;
    match command {
        StoreCommand::Sweep(sweep) => sweep::run(data, sweep).await,
        StoreCommand::Stats { json } => stats::run(&folder(data), json).await,
        StoreCommand::Vacuum => vacuum::run(&folder(data)),
        StoreCommand::Check { json } => check::run(&folder(data), json).await,
        StoreCommand::Export(export) => export::run(&folder(data), export).await,
    }
}

fn folder(data: Option<PathBuf>) -> PathBuf {
    data.unwrap_or_else(|| PathBuf::from(DEFAULT_DATA))
}

/// The data of a runtime that is not running.
struct Place {
    store: SqliteStore,
    /// None when there never was an artifact.
    blobs: Option<FolderBlobs>,
    /// INVARIANT: the last field, as it has the lock.
    folder: Folder,
}

impl Place {
    /// Opens what is there, and makes nothing.
    async fn open(path: &Path) -> Result<Self, Error> {
        let folder = open(path)?;
        let options = arcp::store_sqlite::Options::default();
        let store = folder.store(options).await.map_err(Error::failed)?;
        let blobs = open_blobs(&path.join("blobs")).await?;
        Ok(Self { store, blobs, folder })
    }
}

async fn open_blobs(path: &Path) -> Result<Option<FolderBlobs>, Error> {
    if !path.is_dir() {
        return Ok(None);
    }
    let opened = FolderBlobs::open(path, arcp::store_fs::Options::default()).await;
    opened.map(Some).map_err(Error::failed)
}

/// Opens the folder, under its lock.
fn open(path: &Path) -> Result<Folder, Error> {
    let none = || Error::Usage(format!("there is no store in {}", path.display()));
    Folder::open(path).map_err(Error::failed)?.ok_or_else(none)
}
