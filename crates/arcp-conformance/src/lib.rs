//! Tells whether a runtime keeps the Agent Runtime Control Protocol.
//!
//! Scenarios are scripts (`docs/conformance/LANGUAGE.md`) that name the requirements they cover. A
//! [`Suite`] plays them against a [`Target`] and says in a [`Report`] which requirements hold. It
//! sees nothing but frames, and knows no runtime.

mod dialect;
mod eval;
mod expected;
mod report;
mod requirement;
mod run;
mod script;
mod subject;
mod suite;

pub use dialect::{ALL as DIALECTS, Dialect, Watch, by_name as dialect};
pub use expected::{Expected, ExpectedError};
pub use report::{Outcome, Report, RequirementOutcome, RequirementState, Status, Summary};
pub use requirement::{Elsewhere, Kind, Level, Requirement, RequirementError, Requirements};
pub use run::{Broken, Failure, Identity, RunEnd, Tokens};
pub use script::{Needs, Scenario, ScriptError};
pub use subject::{
    Connections, Offer, Place, ServeTarget, StdioTarget, Target, TargetError, UrlTarget,
};
pub use suite::{Plan, Selection, Suite, SuiteError, fixture_tokens};
