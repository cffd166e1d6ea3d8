//! Where a survey starts.

use std::io;
use std::path::{Component, Path, PathBuf};

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
    let plain = plain(&wanted);
    let canonical = blocking(move || wanted.canonicalize()).await?;
    let place = canonical.as_ref().unwrap_or(&plain);
    job.authorize("fs.read", &place.to_string_lossy()).await?;
    let root = canonical.map_err(|error| refuse(path, &error))?;
    let (root, is_folder) = blocking(move || {
        let is_folder = root.is_dir();
        (root, is_folder)
    })
    .await?;
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

/// The absolute `path` without `.` and `..`, as it would be without links.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::Normal(name) => plain.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    plain
}
