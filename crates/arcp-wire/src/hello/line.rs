//! What the two halves of one connection tell each other: the reader sees who is there, the writer
//! what was agreed on.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arcp_core::{Capabilities, Feature, MessageId, SessionId};

use super::profile::Profile;
use crate::Compatibility;

/// One connection.
#[derive(Debug)]
pub(super) struct Line {
    compatibility: Compatibility,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    profile: Profile,
    /// How its client writes the version of the protocol.
    version: Version,
    /// The session that it carries, and what was agreed on in it.
    session: Option<(SessionId, BTreeSet<Feature>)>,
    /// Submits without an answer, of which there are few.
    submits: BTreeSet<MessageId>,
    /// The client has said `session.bye`, which has no answer.
    bye: bool,
}

/// The spellings of the version: what the code of all sends, and what the older text says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Version {
    #[default]
    OneOne,
    OneZero,
    One,
}

impl Version {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::OneOne => "1.1",
            Self::OneZero => "1.0",
            Self::One => "1",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::OneOne, Self::OneZero, Self::One].into_iter().find(|known| known.as_str() == text)
    }
}

impl Line {
    pub(super) fn new(compatibility: Compatibility) -> Self {
        Self { compatibility, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here is left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the text is followed to the letter.
    pub(super) fn is_strict(&self) -> bool {
        self.compatibility == Compatibility::Strict
    }

    /// A client has introduced itself.
    pub(super) fn meet(&self, profile: Profile, version: Version) {
        let mut state = self.state();
        state.version = version;
        if !self.is_strict() {
            state.profile = profile;
        }
    }

    /// What its client needs.
    pub(super) fn profile(&self) -> Profile {
        self.state().profile
    }

    /// How its client writes the version of the protocol.
    pub(super) fn version(&self) -> Version {
        self.state().version
    }

    /// It carries this session from now on.
    pub(super) fn carry(&self, session: &SessionId, agreed: &Capabilities) {
        self.state().session = Some((session.clone(), agreed.present().collect()));
    }

    /// Whether it carries a session, as far as its client has been told.
    pub(super) fn is_live(&self) -> bool {
        self.state().session.is_some()
    }

    /// Whether a frame that names this session is of the one that it carries.
    pub(super) fn is_of(&self, session: &SessionId) -> bool {
        self.state().session.as_ref().is_some_and(|(carried, _)| carried == session)
    }

    /// Whether both ends have agreed on a feature.
    pub(super) fn agreed(&self, feature: Feature) -> bool {
        self.state().session.as_ref().is_some_and(|(_, agreed)| agreed.contains(&feature))
    }

    /// A submit has come.
    pub(super) fn submitted(&self, id: &MessageId) {
        let submits = &mut self.state().submits;
        if submits.len() < SUBMITS {
            submits.insert(id.clone());
        }
    }

    /// A command has its answer.
    pub(super) fn answered(&self, id: &MessageId) {
        self.state().submits.remove(id);
    }

    /// Whether a submit has no answer yet: an acceptance that nobody asked for would be taken for that.
    pub(super) fn awaits_acceptance(&self) -> bool {
        !self.state().submits.is_empty()
    }

    /// The client wants no word of farewell.
    pub(super) fn say_bye(&self) {
        self.state().bye = true;
    }

    /// Whether it has said so.
    pub(super) fn said_bye(&self) -> bool {
        self.state().bye
    }
}

/// Submits that are followed: as many as are let in without an answer, by default.
const SUBMITS: usize = 64;
