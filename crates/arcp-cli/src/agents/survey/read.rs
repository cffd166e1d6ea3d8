//! One file, read piece by piece: what it is, what it counts, its hash.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

/// What came of reading a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// All of it was read.
    Whole(Content),
    /// It has more bytes than are read.
    Oversized(u64),
    /// The reader was asked to stop.
    Interrupted,
}

/// A file's content, in numbers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// Its length.
    pub(super) bytes: u64,
    /// Its SHA-256.
    pub(super) digest: [u8; 32],
    /// What it counts as text; `None` when it is binary.
    pub(super) text: Option<Text>,
}

/// What a text counts.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text {
    /// Lines; a last one without an end counts.
    pub(super) lines: u64,
    /// Words: what stands between white space.
    pub(super) words: u64,
}

/// Reads the file at `path`, unless it is longer than `bound`; between pieces it asks `stop`.
///
/// Waits for the disk.
pub(super) fn read(path: &Path, bound: u64, stop: impl Fn() -> bool) -> io::Result<Reading> {
    let (mut file, length) = open(path)?;
    if length > bound {
        return Ok(Reading::Oversized(length));
    }
    let mut scan = Scan::default();
    let mut piece = vec![0; PIECE];
    loop {
        if stop() {
            return Ok(Reading::Interrupted);
        }
        let count = match file.read(&mut piece) {
            Ok(0) => return Ok(Reading::Whole(scan.finish())),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        scan.take(piece.get(..count).unwrap_or_default());
        if scan.bytes > bound {
            return Ok(Reading::Oversized(scan.bytes));
        }
    }
}

/// Opens a file, and nothing that has taken its place since it was listed.
fn open(path: &Path) -> io::Result<(File, u64)> {
    let listed = path.symlink_metadata()?;
    if !listed.is_file() {
        return Err(io::Error::other("no longer a file"));
    }
    let file = File::open(path)?;
    let opened = file.metadata()?;
    if !same(&listed, &opened) {
        return Err(io::Error::other("another file has taken its place"));
    }
    Ok((file, opened.len()))
}

#[cfg(unix)]
fn same(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn same(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    a.file_type() == b.file_type()
}

/// What is known of a content so far.
#[derive(Debug)]
struct Scan {
    bytes: u64,
    hash: Sha256,
    is_text: bool,
    /// The start of a character that the last piece has cut.
    cut: Vec<u8>,
    text: Text,
    in_word: bool,
    in_line: bool,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            bytes: 0,
            hash: Sha256::new(),
            is_text: true,
            cut: Vec::new(),
            text: Text::default(),
            in_word: false,
            in_line: false,
        }
    }
}

impl Scan {
    fn take(&mut self, piece: &[u8]) {
        self.hash.update(piece);
        self.is_text = self.is_text && !self.has_early_nul(piece);
        self.bytes += piece.len() as u64;
        if self.is_text {
            let rest = self.mend(piece);
            self.decode(rest);
        }
    }

    /// Whether there is a NUL among the first bytes, as only binary files have.
    fn has_early_nul(&self, piece: &[u8]) -> bool {
        let left = NUL_BYTES.saturating_sub(self.bytes);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        piece.iter().take(left).any(|byte| *byte == 0)
    }

    /// Completes the cut character with the start of `piece`; returns what is left of it.
    fn mend<'a>(&mut self, mut piece: &'a [u8]) -> &'a [u8] {
        while !self.cut.is_empty()
            && let Some((first, rest)) = piece.split_first()
        {
            self.cut.push(*first);
            piece = rest;
            let cut = std::mem::take(&mut self.cut);
            self.decode(&cut);
            if !self.is_text {
                break;
            }
        }
        piece
    }

    /// Counts the characters of `bytes` and keeps the one that their end cuts.
    fn decode(&mut self, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.count(text),
            Err(error) if error.error_len().is_some() => self.is_text = false,
            Err(error) => {
                let (whole, cut) = bytes.split_at_checked(error.valid_up_to()).unwrap_or_default();
                self.count(std::str::from_utf8(whole).unwrap_or_default());
                self.cut = cut.to_vec();
            }
        }
    }

    fn count(&mut self, text: &str) {
        for c in text.chars() {
            let is_space = c.is_whitespace();
            self.text.words += u64::from(!is_space && !self.in_word);
            self.in_word = !is_space;
            self.text.lines += u64::from(!self.in_line);
            self.in_line = c != '\n';
        }
    }

    fn finish(self) -> Content {
        let is_text = self.is_text && self.cut.is_empty();
        Content {
            bytes: self.bytes,
            digest: self.hash.finalize().into(),
            text: is_text.then_some(self.text),
        }
    }
}

const PIECE: usize = 64 << 10;
const NUL_BYTES: u64 = 8 << 10;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use sha2::{Digest, Sha256};

    use super::{Content, Reading, Scan, Text, read};

    /// The counts of the pieces put together, `None` when they are not text.
    fn scan(pieces: &[&[u8]]) -> Option<(u64, u64)> {
        let mut scan = Scan::default();
        for piece in pieces {
            scan.take(piece);
        }
        let text = scan.finish().text;
        text.map(|Text { lines, words }| (lines, words))
    }

    #[test]
    fn lines_and_words() {
        for (text, counts) in [
            ("", (0, 0)),
            ("\n", (1, 0)),
            ("a", (1, 1)),
            ("a\n", (1, 1)),
            ("a\nb", (2, 2)),
            ("a b\r\n\r\nc\r\n", (3, 3)),
            ("\u{2003}ä\u{a0}ö\n", (1, 2)),
            ("a\rb", (1, 2)),
        ] {
            assert_eq!(scan(&[text.as_bytes()]), Some(counts), "{text:?}");
        }
    }

    #[test]
    fn borders_between_pieces_do_not_matter() {
        let text = "wörter 🦀 und\nzeilen\r\n€ ende".as_bytes();
        let whole = scan(&[text]);
        assert_eq!(whole, Some((3, 6)));
        for i in 0..text.len() {
            for j in i..text.len() {
                assert_eq!(scan(&[&text[..i], &text[i..j], &text[j..]]), whole);
            }
        }
    }

    #[test]
    fn what_is_not_utf_8_is_binary() {
        for pieces in [
            &[&b"\xff"[..]] as &[&[u8]],
            &[b"a\xe2", b"\x82"],
            &[b"a\xe2", b"b"],
            &[b"\xf0\x9f", b"\xa6", b"x"],
            &[b"\xc0\x80"],
            &[b"\xed\xa0\x80"],
        ] {
            assert_eq!(scan(pieces), None, "{pieces:?}");
        }
    }

    #[test]
    fn only_an_early_nul_is_binary() {
        assert_eq!(scan(&[b"a\0"]), None);
        assert_eq!(scan(&[&[b'a'; 8_191], b"\0"]), None);
        assert_eq!(scan(&[&[b'a'; 8_192], b"\0"]), Some((1, 1)));
    }

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, "a b\nc").unwrap();
        symlink("a", dir.path().join("link")).unwrap();
        let content = Content {
            bytes: 5,
            digest: Sha256::digest("a b\nc").into(),
            text: Some(Text { lines: 2, words: 3 }),
        };
        assert_eq!(read(&path, 5, || false).unwrap(), Reading::Whole(content));
        assert_eq!(read(&path, 4, || false).unwrap(), Reading::Oversized(5));
        assert_eq!(read(&path, 5, || true).unwrap(), Reading::Interrupted);
        assert!(read(&dir.path().join("link"), 5, || false).is_err());
        assert!(read(dir.path(), 5, || false).is_err());
        assert!(read(&dir.path().join("gone"), 5, || false).is_err());
    }
}
