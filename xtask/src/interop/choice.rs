//! What was asked for: whose flows are run, and what becomes of the documents.

use crate::failure::Failure;

/// What a run of the command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(super) document: Document,
    pub(super) rust: bool,
    pub(super) python: bool,
}

/// What becomes of the documents that show the runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Document {
    /// They are not made.
    Left,
    /// They are written.
    Written,
    /// They have to be what the runs come to.
    Checked,
}

impl Choice {
    /// Everything, and the documents have to be right.
    pub(crate) const CHECKED: Self = Self { document: Document::Checked, rust: true, python: true };

    pub(super) fn read(args: &[String]) -> Result<Self, Failure> {
        let all = Self { document: Document::Left, rust: true, python: true };
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        match args.as_slice() {
            [] => Ok(all),
            ["--report"] => Ok(Self { document: Document::Written, ..all }),
            ["--check"] => Ok(Self::CHECKED),
            ["--peer", "rust"] => Ok(Self { python: false, ..all }),
            ["--peer", "python"] => Ok(Self { rust: false, ..all }),
            // A document shows all of them.
            _ => Err(Failure::new(
                "interop takes one of `--report`, `--check`, `--peer rust` and `--peer python`, or nothing",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Result<Choice, String> {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        Choice::read(&args).map_err(|failure| failure.to_string())
    }

    #[test]
    fn one_peer_is_run_without_documents() {
        let python = read(&["--peer", "python"]).unwrap();
        assert_eq!((python.rust, python.python), (false, true));
        assert_eq!(python.document, Document::Left);
        assert_eq!(read(&["--check"]), Ok(Choice::CHECKED));
    }

    #[test]
    fn what_is_no_option_is_refused() {
        for args in [&["--fast"][..], &["--report", "--check"], &["--peer", "go"], &["--peer"]] {
            assert!(read(args).unwrap_err().contains("--report"), "{args:?}");
        }
    }
}
