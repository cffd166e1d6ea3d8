//! `survey {"path", "skip"}`: counts what lies in a folder, and hashes it.
//!
//! Each folder, file and link is read only after the job's lease has been asked, by its canonical
//! path. No link is followed and nothing outside the folder is looked at. Memory does not grow with
//! the tree. What a tree that changes meanwhile comes to is not defined.

mod link;
mod progress;
mod read;
mod result;
mod root;
#[cfg(test)]
mod tests;
mod walk;

use std::io;
use std::path::{Path, PathBuf};

use arcp::agent::{Code, Fault, JobContext, Json, LogLevel, Outcome};
use serde::Deserialize;

use self::progress::Reporter;
use self::read::Reading;
use self::result::Survey;
use self::walk::{Entry, Kind, Walk};
use super::{input, waiting};

/// Does one job; see the module.
pub(super) async fn run(job: JobContext, input: Json) -> Result<Outcome, Fault> {
    let input: Input = input::read(&input)?;
    check_skip(&input.skip)?;
    let root = root::locate(&job, &input.path).await?;
    let mut surveyor = Surveyor { survey: Survey::new(shown(&root), input.skip), job, root };
    let total = surveyor.count().await?;
    surveyor.read_all(total).await?;
    let survey = surveyor.survey.seal();
    surveyor.job.log(LogLevel::Info, survey.summary()).await?;
    Outcome::of(&survey)
}

/// What may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    /// The folder; a relative one starts at the process's current directory.
    path: String,
    /// Names of folders that are not entered, at any depth.
    #[serde(default = "default_skip")]
    skip: Vec<String>,
}

fn default_skip() -> Vec<String> {
    [".git", "target", "node_modules"].map(str::to_owned).to_vec()
}

fn check_skip(skip: &[String]) -> Result<(), Fault> {
    input::at_most("skip", skip.len() as u64, MAX_SKIP)?;
    match skip.iter().find(|name| !is_name(name)) {
        Some(bad) => Err(Fault::invalid(format!(
            "input: `skip`: `{}` is not the name of a folder",
            shown(Path::new(bad))
        ))),
        None => Ok(()),
    }
}

fn is_name(text: &str) -> bool {
    !matches!(text, "" | "." | "..") && !text.contains('/') && text.len() <= MAX_NAME_BYTES
}

/// One survey, under way.
#[derive(Debug)]
struct Surveyor {
    job: JobContext,
    root: PathBuf,
    survey: Survey,
}

impl Surveyor {
    /// How many files there are; what is odd is left to [`read_all`](Self::read_all).
    async fn count(&self) -> Result<u64, Fault> {
        let mut walk = self.walk();
        let mut files = 0;
        while let Some(entry) = walk.next().await? {
            files += u64::from(entry.kind == Kind::File);
        }
        Ok(files)
    }

    async fn read_all(&mut self, total: u64) -> Result<(), Fault> {
        let mut reporter = Reporter::start(&self.job, total).await?;
        let mut walk = self.walk();
        while let Some(entry) = walk.next().await? {
            let is_file = entry.kind == Kind::File;
            let file = is_file.then(|| shown(self.relative(&entry.path)));
            self.take(entry).await?;
            if let Some(file) = file {
                reporter.file_done(file).await?;
            }
        }
        reporter.finish().await
    }

    fn walk(&self) -> Walk {
        Walk::new(&self.job, &self.root, &self.survey.skip)
    }

    async fn take(&mut self, entry: Entry) -> Result<(), Fault> {
        match entry.kind {
            Kind::Folder => self.survey.totals.folders += 1,
            Kind::Skipped => self.survey.skipped += 1,
            Kind::Denied => self.survey.denied += 1,
            Kind::Special => self.survey.special += 1,
            Kind::Unreadable(error) => self.unreadable(&entry.path, &error.into()).await?,
            Kind::Link | Kind::File if !allowed(&self.job, &entry.path).await? => {
                self.survey.denied += 1;
            }
            Kind::Link => self.link(&entry.path).await?,
            Kind::File => self.file(entry.path).await?,
        }
        Ok(())
    }

    async fn file(&mut self, path: PathBuf) -> Result<(), Fault> {
        let (job, at) = (self.job.clone(), path.clone());
        let read = move || read::read(&at, MAX_FILE_BYTES, || job.cancellation().is_some());
        match blocking(read).await? {
            Ok(Reading::Whole(content)) => {
                let relative = path.strip_prefix(&self.root).unwrap_or(&path);
                self.survey.add_file(relative, &content);
            }
            Ok(Reading::Oversized(bytes)) => {
                let name = shown(self.relative(&path));
                self.survey.add_oversized(name, bytes);
            }
            Ok(Reading::Interrupted) => waiting::check(&self.job)?,
            Err(error) => self.unreadable(&path, &error).await?,
        }
        Ok(())
    }

    async fn link(&mut self, path: &Path) -> Result<(), Fault> {
        let (root, at) = (self.root.clone(), path.to_owned());
        match blocking(move || link::resolve(&root, &at)).await? {
            Ok(link::Link { leaves: false, .. }) => self.survey.links += 1,
            Ok(link::Link { target, .. }) => {
                let (path, target) = (shown(self.relative(path)), shown(&target));
                let line = format!("`{path}` links out of the folder, to `{target}`");
                let leaving = &mut self.survey.links_leaving;
                if leaving.add(result::Leaving { path, target }) {
                    self.job.log(LogLevel::Warn, line).await?;
                }
            }
            Err(error) => self.unreadable(path, &error).await?,
        }
        Ok(())
    }

    async fn unreadable(&mut self, path: &Path, error: &io::Error) -> Result<(), Fault> {
        let (path, error) = (shown(self.relative(path)), reason(error));
        let line = format!("cannot read `{path}`: {error}");
        let unreadable = &mut self.survey.unreadable;
        if unreadable.add(result::Unreadable { path, error }) {
            self.job.log(LogLevel::Warn, line).await?;
        }
        Ok(())
    }

    /// `path` from the root; the root itself is `.`.
    fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        match path.strip_prefix(&self.root) {
            Ok(relative) if relative.as_os_str().is_empty() => Path::new("."),
            Ok(relative) => relative,
            Err(_) => path,
        }
    }
}

/// Whether the lease lets the job read `path`; any other refusal ends the job.
async fn allowed(job: &JobContext, path: &Path) -> Result<bool, Fault> {
    match job.authorize("fs.read", &path.to_string_lossy()).await {
        Ok(()) => Ok(true),
        Err(fault) if fault.code == Code::PermissionDenied => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// Runs `work`, which waits for the file system, where waiting is harmless.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        Fault::new(Code::Internal, format!("the file system's task died: {error}"))
    })
}

/// Why something cannot be read, in our words or the kind's.
fn reason(error: &io::Error) -> String {
    match error.get_ref() {
        Some(ours) => ours.to_string(),
        None => error.kind().to_string(),
    }
}

/// A path for people: never too long, replacement characters for what is not UTF-8.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    let length = text.chars().count();
    if length <= MAX_SHOWN {
        return text.into_owned();
    }
    let tail = text.chars().skip(length - MAX_SHOWN);
    std::iter::once('…').chain(tail).collect()
}

const MAX_FILE_BYTES: u64 = 64 << 20;
const MAX_SKIP: u64 = 100;
const MAX_NAME_BYTES: usize = 255;
const MAX_SHOWN: usize = 500;
