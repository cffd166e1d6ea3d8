//! The files that are, or may be, committed. Read once; rules ask here, never the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use super::rust::RustFile;
use crate::failure::Failure;

pub(crate) struct Tree {
    names: BTreeSet<String>,
    texts: BTreeMap<String, String>,
    rust: Vec<RustFile>,
}

impl Tree {
    /// Reads the checkout in `root`. A file that is no UTF-8 has a name but no text.
    pub(crate) fn read(root: &Path) -> Result<Self, Failure> {
        let names = match listed_by_git(root) {
            Some(names) => names,
            None => found_on_disk(root).map_err(Failure::at(root.display()))?,
        };
        let mut tree = Self { names: BTreeSet::new(), texts: BTreeMap::new(), rust: Vec::new() };
        for name in names {
            // Git also lists what was deleted and not yet committed.
            let path = root.join(&name);
            if path.is_file() {
                let bytes = fs::read(&path).map_err(Failure::at(&name))?;
                tree.add(name, String::from_utf8(bytes).ok());
            }
        }
        tree.mark_tests();
        Ok(tree)
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self { names: BTreeSet::new(), texts: BTreeMap::new(), rust: Vec::new() };
        for (name, text) in files {
            tree.add((*name).to_owned(), Some((*text).to_owned()));
        }
        tree.mark_tests();
        tree
    }

    pub(crate) fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    pub(crate) fn rust(&self) -> &[RustFile] {
        &self.rust
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// Names and texts of the files that end in one of these; all files when there are none.
    pub(crate) fn texts<'a>(
        &'a self,
        endings: &'a [&str],
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let texts = self.texts.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        texts.filter(|(name, _)| {
            endings.is_empty() || endings.iter().any(|ending| name.ends_with(ending))
        })
    }

    fn add(&mut self, name: String, text: Option<String>) {
        if let Some(text) = text {
            if Path::new(&name).extension().is_some_and(|ending| ending == "rs") {
                self.rust.push(RustFile::new(&name, &text));
            }
            self.texts.insert(name.clone(), text);
        }
        self.names.insert(name);
    }

    /// Tells the files of modules declared under `cfg(test)` that they are tests.
    fn mark_tests(&mut self) {
        let modules: Vec<String> = self.rust.iter().flat_map(RustFile::modules_of_tests).collect();
        for file in &mut self.rust {
            let is_of = |module: &String| {
                let rest = file.path.strip_prefix(module.as_str());
                rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
            };
            if modules.iter().any(is_of) {
                file.declare_test();
            }
        }
    }
}

/// Committed files and new ones that are not ignored. None without git, or outside a checkout.
fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = git.current_dir(root).stderr(Stdio::null()).output().ok()?;
    let names = String::from_utf8(output.stdout).ok()?;
    let names: Vec<String> =
        names.split('\0').filter(|name| !name.is_empty()).map(String::from).collect();
    (output.status.success() && !names.is_empty()).then_some(names)
}

/// All files but build artefacts and git's own.
fn found_on_disk(root: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut directories = vec![String::new()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(root.join(&directory))? {
            let entry = entry?;
            let own = entry.file_name().to_string_lossy().into_owned();
            let name =
                if directory.is_empty() { own.clone() } else { format!("{directory}/{own}") };
            if !entry.file_type()?.is_dir() {
                names.push(name);
            } else if own != "target" && own != ".git" {
                directories.push(name);
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::root;

    #[test]
    fn without_git_the_disk_is_read() {
        let found = found_on_disk(&root().join("xtask")).unwrap();
        assert!(found.contains(&"src/tidy/tree.rs".to_owned()));
        assert!(listed_by_git(Path::new("/")).is_none());
    }

    #[test]
    fn the_files_of_a_test_module_are_tests() {
        let tree = Tree::of(&[
            ("src/lib.rs", "#[cfg(test)]\nmod world;"),
            ("src/world.rs", "fn a() {}"),
            ("src/world/link.rs", "fn b() {}"),
            ("src/worldly.rs", "fn c() {}"),
        ]);
        let tests = tree.rust().iter().filter(|file| file.is_test(1));
        let tests: Vec<&str> = tests.map(|file| file.path.as_str()).collect();
        assert_eq!(tests, ["src/lib.rs", "src/world.rs", "src/world/link.rs"]);
    }
}
