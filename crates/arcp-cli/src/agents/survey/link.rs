//! Where a symbolic link leads, without looking at anything outside the folder.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

/// A symbolic link.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// What it says.
    pub(super) target: PathBuf,
    /// Whether its target, or a link on the way there, lies outside the root.
    pub(super) leaves: bool,
}

/// Reads the link `path`, which lies in the canonical `root`.
///
/// Links that lead on are read as long as they lie in the root; the first step out of it decides.
/// One that leads nowhere, or in a circle, stays inside.
pub(super) fn resolve(root: &Path, path: &Path) -> io::Result<Link> {
    let target = fs::read_link(path)?;
    let mut trail = Trail { root, at: path.parent().unwrap_or(root).to_owned(), ahead: Vec::new() };
    trail.turn(&target);
    let leaves = trail.leaves();
    Ok(Link { target, leaves })
}

/// The way to a link's target, part by part.
struct Trail<'a> {
    root: &'a Path,
    /// Canonical as far as it has been looked at.
    at: PathBuf,
    /// The parts still to go, the next one last.
    ahead: Vec<Step>,
}

enum Step {
    Up,
    Down(OsString),
}

impl Trail<'_> {
    /// Goes on along `target`, as read from a link in the folder `at`.
    fn turn(&mut self, target: &Path) {
        if target.has_root() {
            self.at = PathBuf::from("/");
        }
        let steps = target.components().rev().filter_map(|part| match part {
            Component::ParentDir => Some(Step::Up),
            Component::Normal(name) => Some(Step::Down(name.to_owned())),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
        });
        self.ahead.extend(steps);
    }

    fn leaves(mut self) -> bool {
        let mut turns = 0;
        while let Some(step) = self.ahead.pop() {
            self.go(step);
            if self.at.starts_with(self.root) {
                turns += u32::from(self.turned());
            } else if !self.root.starts_with(&self.at) {
                return true;
            }
            if turns > MAX_TURNS {
                return false;
            }
        }
        !self.at.starts_with(self.root)
    }

    fn go(&mut self, step: Step) {
        match step {
            Step::Up => {
                self.at.pop();
            }
            Step::Down(name) => self.at.push(name),
        }
    }

    /// Follows the link that the trail has come to, if it is one.
    fn turned(&mut self) -> bool {
        let Ok(target) = fs::read_link(&self.at) else {
            return false;
        };
        self.at.pop();
        self.turn(&target);
        true
    }
}

/// As many as Linux follows.
const MAX_TURNS: u32 = 40;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::resolve;

    #[test]
    fn the_first_step_outside_decides() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap().join("tree");
        fs::create_dir_all(root.join("sub")).unwrap();
        let name = root.file_name().unwrap().to_str().unwrap();
        let back = format!("../{name}/sub");
        for (i, (target, leaves)) in [
            (".", false),
            ("sub/..", false),
            ("..", true),
            ("sub/../..", true),
            ("/", true),
            ("../treehouse", true),
            ("sub/../../tree", false),
            (back.as_str(), false),
            ("/dev/../etc", true),
        ]
        .into_iter()
        .enumerate()
        {
            let link = root.join(format!("link{i}"));
            symlink(target, &link).unwrap();
            let resolved = resolve(&root, &link).unwrap();
            assert_eq!(resolved.leaves, leaves, "{target}");
            assert_eq!(resolved.target, Path::new(target));
        }
    }
}
