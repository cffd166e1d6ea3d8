//! The names of the files: those of blobs, encoded, and those of parts of blobs.
//!
//! A blob's file has a prefix, so that no name is one that a system keeps for itself, and then the
//! bytes of the name in base 32 and one case. So it holds no separator, is not longer than 255
//! bytes, differs from all others also where case does not count, and sorts as the bytes do.

use std::ffi::OsStr;

use arcp_store::{Key, MAX_BLOB_NAME};
use data_encoding::BASE32HEX_NOPAD;

/// What the name of a file starts with that is not yet a blob.
pub(crate) const PART: &str = "part-";
const BLOB: &str = "blob-";

/// The name of the file that holds the blob `name`.
pub(crate) fn encode(name: &Key) -> String {
    let mut file = BLOB.to_owned();
    BASE32HEX_NOPAD.encode_append(name.as_bytes(), &mut file);
    file
}

/// The name of the blob that the file holds; none when it is not one of a blob.
pub(crate) fn decode(file: &OsStr) -> Option<Key> {
    let text = file.to_str()?.strip_prefix(BLOB)?;
    let name = BASE32HEX_NOPAD.decode(text.as_bytes()).ok()?;
    (name.len() <= MAX_BLOB_NAME).then(|| Key::new(name))
}

/// Whether it is the name of a part of a blob, which is a leftover when nobody is writing it.
pub(crate) fn is_part(file: &OsStr) -> bool {
    file.to_str().is_some_and(|name| name.starts_with(PART))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, proptest};

    use super::*;

    proptest! {
        #[test]
        fn any_name_comes_back(bytes in vec(any::<u8>(), 0..=MAX_BLOB_NAME)) {
            let name = Key::new(bytes);
            let file = encode(&name);
            assert_eq!(decode(OsStr::new(&file)), Some(name));
            assert!(file.len() <= 255, "{file}");
            let one_case = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
            assert!(file[BLOB.len()..].bytes().all(one_case), "{file}");
            assert!(!is_part(OsStr::new(&file)));
        }

        #[test]
        fn files_sort_as_names_do(mut names in vec(vec(0_u8..4, 0..6), 0..40)) {
            let by_file = |names: &[Vec<u8>]| -> Vec<String> {
                names.iter().map(|name| encode(&Key::new(name.clone()))).collect()
            };
            let mut files = by_file(&names);
            files.sort();
            names.sort();
            assert_eq!(files, by_file(&names));
        }

        #[test]
        fn only_what_encodes_to_it_is_decoded(text in "(blob-)?[0-9A-Va-z=./]{0,12}") {
            if let Some(name) = decode(OsStr::new(&text)) {
                assert_eq!(encode(&name), text);
            }
        }
    }

    #[test]
    fn the_format_stays_as_it_is() {
        for (name, file) in [
            ("", "blob-"),
            ("f", "blob-CO"),
            ("../x", "blob-5ON2UU0"),
            ("art_01", "blob-C5P78NPG64"),
            ("\0\u{7f}", "blob-01VG"),
        ] {
            assert_eq!(encode(&Key::new(name)), file);
        }
        let longest = encode(&Key::new(vec![255; MAX_BLOB_NAME]));
        assert_eq!(longest.len(), 210);
    }

    #[test]
    fn other_files_are_no_blobs() {
        let longer = format!("{BLOB}{}", BASE32HEX_NOPAD.encode(&[0; MAX_BLOB_NAME + 1]));
        for file in
            ["", "blob", "blob-C", "blob-co", "blob-CP", "blob-CO======", "CO", "part-CO", &longer]
        {
            assert_eq!(decode(OsStr::new(file)), None, "{file}");
        }
    }
}
