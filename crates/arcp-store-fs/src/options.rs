//! The settings of blobs in a folder, and their defaults.

/// What a call that has returned survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The death of the process and of the machine: every call waits for the disk.
    #[default]
    Full,
    /// The death of the process. A power cut may undo the last calls, and cut short the blobs that
    /// were put last.
    Process,
}

/// How to open blobs in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// What a call that has returned survives. Default: [`Durability::Full`].
    pub durability: Durability,
}
