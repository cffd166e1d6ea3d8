//! The inputs that are known: recorded frames, and what once broke something. Read by the test that
//! replays them and by `cargo xtask fuzz`, which starts from them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The targets, by name.
pub const TARGETS: [&str; 5] =
    ["hello_commands", "hello_outputs", "lease_grammar", "open_commands", "open_outputs"];

/// The inputs of a target, with the root of the workspace given.
pub fn seeds(root: &Path, target: &str) -> io::Result<Vec<Vec<u8>>> {
    let vectors = root.join("crates/arcp-wire/vectors");
    let mut seeds = match target {
        "hello_commands" => recorded(&vectors.join("hello"), "> ")?,
        "hello_outputs" => recorded(&vectors.join("hello"), "< ")?,
        "open_commands" => apart(whole(&vectors.join("open/commands"), "jsonl")?),
        "open_outputs" => apart(whole(&vectors.join("open/outputs"), "jsonl")?),
        _ => LEASES.iter().map(|text| text.as_bytes().to_vec()).collect(),
    };
    seeds.extend(whole(&root.join("tests/fuzz/corpus-regressions").join(target), "txt")?);
    Ok(seeds)
}

/// Each connection's frames of one side, one a line, and each of these frames alone; those that are opened
/// alike begin alike.
fn recorded(folder: &Path, side: &str) -> io::Result<Vec<Vec<u8>>> {
    let mut seeds = Vec::new();
    for file in files(folder, "frames")? {
        let text = fs::read_to_string(file)?;
        let mut opening = String::new();
        for (number, connection) in text.split("\n\n").enumerate() {
            let (heading, frames) = connection.split_once('\n').unwrap_or((connection, ""));
            let lines: Vec<_> = frames.lines().filter_map(|line| line.strip_prefix(side)).collect();
            let said: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
            if number == 0 {
                opening.clone_from(&said);
            }
            let before = if heading.ends_with("(after opening)") { opening.as_str() } else { "" };
            seeds.push([before, &said].concat().into_bytes());
            seeds.extend(lines.iter().map(|line| [before, line].concat().into_bytes()));
        }
    }
    Ok(seeds)
}

/// Each of these, and each line of them alone.
fn apart(mut seeds: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let lines = seeds.iter().flat_map(|seed| seed.split(|byte| *byte == b'\n'));
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect();
    seeds.extend(lines);
    seeds
}

fn whole(folder: &Path, kind: &str) -> io::Result<Vec<Vec<u8>>> {
    files(folder, kind)?.into_iter().map(fs::read).collect()
}

/// The files of a kind; none where there is no such folder.
fn files(folder: &Path, kind: &str) -> io::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == kind) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Texts of leases.
const LEASES: [&str; 10] = [
    "fs.read\n/work/a/../b//c\n+/work/**\n-/work/b/*\nUSD:5.00\nUSD:0.50\ncredits:10\n",
    "fs.write\n/a/./b\n+/a/?\n+/a/b*\n-/a/*\n",
    "net.fetch\nHTTPS://A.example:443/x/%2e%2e/y?q=1#f\n+https://a.example/**\n-https://*.example/y\n",
    "net.fetch\nhttp://user@a.example/\n+http://[::1]:8080/*\n-http://a.example./b\n",
    "tool.call\ngrep/fast\n+grep/*\n+**\n-grep/f?st\n",
    "model.use\nvendor/model-1\n+vendor/*\n-*model*\n",
    "agent.delegate\necho@1\n+echo*\n-echo@?\n",
    "x-vendor.acme.db\n\u{e4}/t\n+?/**\n-\u{e4}/*\nUSD:.5\nEUR:1e3\nX_TOK:3\n",
    "tool.call\naaaaaaaaaaaaaaaaaaaaaaaa\n+*a*a*a*a*a*a*a*a*b\n-*a*b\n",
    "fs.read\n\nUSD:99999999999999999999999999999\nUSD:0.000000000001\n",
];
