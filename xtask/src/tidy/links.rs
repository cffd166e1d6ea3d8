//! Links between the documents of this repository.

use super::Finding;
use super::tree::Tree;

/// Relative links of Markdown files that lead to no file and no directory of the tree.
pub(crate) fn broken(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, text) in tree.texts(&[".md"]) {
        for (number, target) in targets(text) {
            if !leads_somewhere(tree, name, &target) {
                findings.push(Finding::new(
                    name,
                    number,
                    format!("the link to `{target}` leads nowhere"),
                ));
            }
        }
    }
    findings
}

/// Where the links outside code blocks go: `[text](target)` and `[name]: target`.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in (1..).zip(text.lines()) {
        if ["```", "~~~"].iter().any(|fence| line.trim_start().starts_with(fence)) {
            fenced = !fenced;
        } else if !fenced {
            let line = without_code(line);
            let inline = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
            found.extend(inline.chain(definition(&line)).map(|target| (number, target.to_owned())));
        }
    }
    found
}

fn definition(line: &str) -> Option<&str> {
    let (_, target) = line.strip_prefix('[')?.split_once("]: ")?;
    target.split_whitespace().next()
}

/// The line without what stands in backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

fn leads_somewhere(tree: &Tree, from: &str, target: &str) -> bool {
    let path = target.split('#').next().unwrap_or_default();
    if path.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    resolve(from, path).is_some_and(|path| {
        path.is_empty()
            || tree.names().contains(&path)
            || tree.names().iter().any(|name| name.starts_with(&format!("{path}/")))
    })
}

/// The path from the root. None when it leaves the repository.
fn resolve(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_resolve_from_the_file_that_links() {
        for (from, path, expected) in [
            ("README.md", "docs/a.md", Some("docs/a.md")),
            ("docs/book/a.md", "../b.md", Some("docs/b.md")),
            ("docs/a.md", "./b.md", Some("docs/b.md")),
            ("docs/a.md", "../../b.md", None),
        ] {
            assert_eq!(resolve(from, path).as_deref(), expected);
        }
    }
}
