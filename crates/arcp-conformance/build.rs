//! Lists the scenarios, so that the library carries their texts.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("scenarios");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    find(&root, &mut files)?;
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&root)?.with_extension("");
        writeln!(list, "    ({:?}, include_str!({:?})),", text(&name)?, text(&file)?)?;
    }
    list.push(']');
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("scenarios.rs"), list)?;
    Ok(())
}

fn text(path: &Path) -> Result<&str, &'static str> {
    path.to_str().ok_or("the path of a scenario is no UTF-8")
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            println!("cargo::rerun-if-changed={}", path.display());
            find(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "scn") {
            files.push(path);
        }
    }
    Ok(())
}
