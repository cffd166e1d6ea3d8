//! The `hello` dialect: a session starts with `session.hello`, work with `job.submit`.

mod budget;
mod client;
mod code;
mod decode;
mod encode;
mod envelope;
mod event;
mod feature;
mod lease;
mod line;
mod message;
mod payload;
mod profile;
mod state;
mod types;

use std::sync::Arc;

pub(crate) use types::is_hello_only;

use arcp_core::{Frame, FrameKind, Vocabulary};

use crate::{CommandDecoder, CommandEncoder, Compatibility, Dialect, OutputDecoder, OutputEncoder};

/// The vocabulary of draft-arcp-1.1.
#[derive(Debug, Clone, Copy, Default)]
pub struct HelloDialect {
    /// Whether clients that are known to need it are told things in the form that they can read.
    pub compatibility: Compatibility,
}

/// What this dialect is called.
const NAME: &str = "hello";
/// The same, as sessions keep it.
const VOCABULARY: Vocabulary = Vocabulary::named(NAME);

impl Dialect for HelloDialect {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Claims a first frame of a type that no other vocabulary has, and one whose envelope has no
    /// timestamp, as no other vocabulary has it.
    fn claims(&self, first: &Frame) -> bool {
        first.kind == FrameKind::Text && envelope::is_ours(first)
    }

    fn greets_again(&self) -> bool {
        true
    }

    fn runtime_codec(&self) -> (Box<dyn CommandDecoder>, Box<dyn OutputEncoder>) {
        let line = Arc::new(line::Line::new(self.compatibility));
        (Box::new(decode::Commands::new(Arc::clone(&line))), Box::new(encode::Outputs::new(line)))
    }

    fn client_codec(&self) -> (Box<dyn OutputDecoder>, Box<dyn CommandEncoder>) {
        let asked = Arc::new(client::Asked::default());
        (Box::new(client::Outputs::new(Arc::clone(&asked))), Box::new(client::Commands::new(asked)))
    }
}
