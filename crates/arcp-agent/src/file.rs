//! Where a path leads in the file system, so that what is judged is what is opened.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use arcp_core::{Code, Fault};

/// Where a path leads.
#[derive(Debug)]
pub(crate) struct Place {
    /// The absolute path without links; what is not there yet has none.
    pub(crate) path: PathBuf,
    /// Why it was not looked at to its end. `path` goes on as text then.
    pub(crate) obstacle: Option<io::Error>,
}

impl Place {
    /// Follows the absolute `path` part by part, as the system would, also where it leads to what is
    /// not there.
    pub(crate) fn find(path: &Path) -> Self {
        let mut way = Way { at: PathBuf::from("/"), ahead: Vec::new(), turns: 0 };
        way.turn(path);
        while let Some(step) = way.ahead.pop() {
            if let Err(obstacle) = way.go(step) {
                way.go_blindly();
                return Self { path: way.at, obstacle: Some(obstacle) };
            }
        }
        Self { path: way.at, obstacle: None }
    }
}

/// A way under way.
struct Way {
    /// Without links, as far as it has been looked at.
    at: PathBuf,
    /// The steps still to go, the next one last.
    ahead: Vec<Step>,
    turns: u32,
}

enum Step {
    Up,
    Down(OsString),
}

impl Way {
    /// Goes on along `path`, as it is or as a link in the folder `at` says.
    fn turn(&mut self, path: &Path) {
        if path.has_root() {
            self.at = PathBuf::from("/");
        }
        let steps = path.components().rev().filter_map(|part| match part {
            Component::ParentDir => Some(Step::Up),
            Component::Normal(name) => Some(Step::Down(name.to_owned())),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
        });
        self.ahead.extend(steps);
    }

    fn go(&mut self, step: Step) -> io::Result<()> {
        self.go_as_text(step);
        let is_link = match fs::symlink_metadata(&self.at) {
            Ok(what) => what.is_symlink(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if is_link {
            self.turns += 1;
            if self.turns > MAX_TURNS {
                return Err(io::Error::other("too many links"));
            }
            let target = fs::read_link(&self.at)?;
            self.at.pop();
            self.turn(&target);
        }
        Ok(())
    }

    fn go_as_text(&mut self, step: Step) {
        match step {
            Step::Up => {
                self.at.pop();
            }
            Step::Down(name) => self.at.push(name),
        }
    }

    fn go_blindly(&mut self) {
        while let Some(step) = self.ahead.pop() {
            self.go_as_text(step);
        }
    }
}

/// Why a path that may be looked at cannot be.
pub(crate) fn refuse(path: &Path, error: &io::Error) -> Fault {
    let (code, why) = match error.kind() {
        io::ErrorKind::PermissionDenied => (Code::PermissionDenied, error.kind().to_string()),
        io::ErrorKind::Other => (Code::InvalidArgument, error.to_string()),
        kind => (Code::InvalidArgument, kind.to_string()),
    };
    Fault::new(code, format!("cannot find out where `{}` leads: {why}", path.display()))
}

/// As many as Linux follows.
const MAX_TURNS: u32 = 40;

#[cfg(test)]
mod tests;
