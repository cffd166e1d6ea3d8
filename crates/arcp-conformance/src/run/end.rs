//! How a run ended.

use serde::{Deserialize, Serialize};

/// How the steps ended, and which rules were broken on the way.
#[derive(Debug, Clone, Default)]
pub struct RunEnd {
    /// The step that failed, if one did.
    pub failure: Option<Failure>,
    /// The rules that hold for every frame and were broken, each once.
    pub broken: Vec<Broken>,
}

/// A step that failed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Failure {
    /// The script.
    pub file: String,
    /// The step's line.
    pub line: usize,
    /// The step, as written.
    pub step: String,
    /// What was wanted, and what came.
    pub message: String,
    /// The last frames before.
    pub transcript: Vec<String>,
}

/// A rule for every frame that was broken.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Broken {
    /// The requirement.
    pub requirement: String,
    /// How, the first time.
    pub message: String,
    /// How often.
    pub times: usize,
    /// The last frames before the first time.
    pub transcript: Vec<String>,
}
