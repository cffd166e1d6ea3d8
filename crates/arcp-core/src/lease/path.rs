//! Paths of files in their one spelling: absolute, without `.`, `..`, empty parts and a `/` at the end.

use super::form::Form;

/// The normal form of `path`, or what is wrong with it.
///
/// It is made of the text alone. What is above the root is the root, as it is for every system. All but
/// NUL can be in a name.
pub(super) fn normal(path: &str) -> Result<String, &'static str> {
    if !path.starts_with('/') {
        return Err("it is not absolute");
    }
    if path.contains('\0') {
        return Err("it has a NUL");
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    Ok(format!("/{}", parts.join("/")))
}

/// What has been read of a path in its normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NormalPath {
    Nothing,
    Root,
    Slash,
    Dot,
    TwoDots,
    Name,
}

impl Form for NormalPath {
    const START: Self = Self::Nothing;
    const SAMPLES: &'static [char] = &['/', '.', 'a'];

    fn step(self, c: char) -> Option<Self> {
        match (self, c) {
            (Self::Nothing, '/') => Some(Self::Root),
            (Self::Name, '/') => Some(Self::Slash),
            (Self::Nothing, _) | (_, '/' | '\0') => None,
            (Self::Root | Self::Slash, '.') => Some(Self::Dot),
            (Self::Dot, '.') => Some(Self::TwoDots),
            _ => Some(Self::Name),
        }
    }

    fn may_end(self) -> bool {
        matches!(self, Self::Root | Self::Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::form::can_match;
    use crate::lease::token::tokens;

    #[test]
    fn a_path_has_one_spelling() {
        for (path, wanted) in [
            ("/", "/"),
            ("//", "/"),
            ("/.", "/"),
            ("/..", "/"),
            ("/a", "/a"),
            ("/a/", "/a"),
            ("/a//b/./c", "/a/b/c"),
            ("/a/../b", "/b"),
            ("/a/../../../b/..", "/"),
            ("/...", "/..."),
            ("/.a/..b", "/.a/..b"),
            ("/a\\..\\b", "/a\\..\\b"),
            ("/new\nline/", "/new\nline"),
            ("/%2e%2e/a", "/%2e%2e/a"),
        ] {
            assert_eq!(normal(path).as_deref(), Ok(wanted), "{path:?}");
        }
        for bad in ["", "a", "./a", "../a", "~/a", "C:\\a", "file:///a", "/a\0"] {
            assert!(normal(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_glob_that_matches_no_path_is_known() {
        let may = |glob: &str| can_match::<NormalPath>(&tokens(glob));
        for glob in [
            "/", "/**", "**", "**/a", "/a/*", "/a/?.", "/a/.?b", "*/a", "/a/**/c", "/*", "/...",
            "***/",
        ] {
            assert!(may(glob), "{glob}");
        }
        for glob in [
            "a",
            "*",
            "a/**",
            "./a",
            "/a/",
            "/a//b",
            "/a/**/",
            "/**//**",
            "/a/../b/**",
            "/a/**/../b",
            "/a/./*",
            "/a/..",
            "/a\0",
            "a*/b",
            "?a",
        ] {
            assert!(!may(glob), "{glob}");
        }
    }
}
