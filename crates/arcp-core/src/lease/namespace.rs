//! Namespaces of grants: whose they are, and how what they are about is written (§9.2).

/// Whose a namespace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// The protocol's: one of [`RESERVED`].
    Reserved,
    /// Somebody's own: `x-vendor.` or `arcpx.` and a name, or a name of three labels or more that does
    /// not start with a word of the protocol (`com.example.db`).
    Vendor,
    /// Nobody's that can be told: a slip of the pen, or a word of a later version.
    Unknown,
}

impl Namespace {
    /// Whose `name` is.
    pub fn of(name: &str) -> Self {
        if RESERVED.contains(&name) {
            Self::Reserved
        } else if is_vendors(name) {
            Self::Vendor
        } else {
            Self::Unknown
        }
    }
}

/// How the targets of a namespace are written, and what is one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Paths of a file system.
    Path,
    /// URLs.
    Url,
    /// One word, whatever is in it.
    Word,
    /// Names, whose segments `/` divides.
    Name,
}

impl Target {
    /// What `namespace` is about.
    pub(super) fn of(namespace: &str) -> Self {
        match namespace {
            NET_FETCH => Self::Url,
            MODEL_USE => Self::Word,
            _ if namespace.starts_with(FILES) => Self::Path,
            _ => Self::Name,
        }
    }
}

fn is_vendors(name: &str) -> bool {
    if name.len() > MAX_NAME_BYTES || !name.split('.').all(is_label) {
        return false;
    }
    let first = name.split('.').next().unwrap_or_default();
    let labels = name.split('.').count();
    let enough = if VENDORS.contains(&first) { 2 } else { 3 };
    labels >= enough && !WORDS.contains(&first)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// The namespaces that the protocol defines.
pub const RESERVED: &[&str] =
    &["fs.read", "fs.write", NET_FETCH, "tool.call", "agent.delegate", "cost.budget", MODEL_USE];

/// What the namespaces of file operations start with.
const FILES: &str = "fs.";
const NET_FETCH: &str = "net.fetch";
const MODEL_USE: &str = "model.use";

/// What stands before a vendor's name.
const VENDORS: &[&str] = &["x-vendor", "arcpx"];
/// First labels that are the protocol's, for what it may define later.
const WORDS: &[&str] = &["fs", "net", "tool", "agent", "cost", "model", "arcp", "job", "session"];
const MAX_NAME_BYTES: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_a_namespace_is() {
        for reserved in RESERVED {
            assert_eq!(Namespace::of(reserved), Namespace::Reserved, "{reserved}");
        }
        let vendors = [
            "x-vendor.acme",
            "x-vendor.acme.db",
            "arcpx.note.v1",
            "com.example.db",
            "payment.refund.create",
        ];
        for vendor in vendors {
            assert_eq!(Namespace::of(vendor), Namespace::Vendor, "{vendor}");
        }
        let long = format!("x-vendor.{}", "a".repeat(MAX_NAME_BYTES));
        let unknown = [
            "",
            ".",
            "fs",
            "fs.delete",
            "fs.read.deep",
            "FS.READ",
            "fs.read ",
            "bogus.cap",
            "x-vendor",
            "x-vendor.",
            "x-vendor.a..b",
            "x-vendor.a b",
            "com.example.",
            "com.exämple.db",
            long.as_str(),
        ];
        for name in unknown {
            assert_eq!(Namespace::of(name), Namespace::Unknown, "{name:?}");
        }
    }
}
