//! Where a survey starts.

use std::io;
use std::path::PathBuf;

use arcp::agent::{Code, Fault, JobContext};

use super::blocking;

/// The canonical path of the folder `path`, which the lease lets the job read.
///
/// What is not there is `NotFound`, but only to those who may look.
pub(super) async fn locate(job: &JobContext, path: &str) -> Result<PathBuf, Fault> {
    if path.is_empty() {
        return Err(Fault::invalid("input: `path` must not be empty"));
    }
    let wanted = std::path::absolute(path).map_err(|error| refuse(path, &error))?;
    let root = job.authorize_file("fs.read", &wanted).await?;
    let found = blocking(move || root.metadata().map(|found| (root, found.is_dir()))).await?;
    let (root, is_folder) = found.map_err(|error| refuse(path, &error))?;
    if is_folder { Ok(root) } else { Err(Fault::invalid(format!("`{path}` is not a folder"))) }
}

fn refuse(path: &str, error: &io::Error) -> Fault {
    let code = match error.kind() {
        io::ErrorKind::NotFound => Code::NotFound,
        io::ErrorKind::PermissionDenied => Code::PermissionDenied,
        _ => Code::InvalidArgument,
    };
    Fault::new(code, format!("cannot open `{path}`: {}", error.kind()))
}
