//! The `open` dialect: a session starts with `session.open`, work with `tool.invoke`.

mod capabilities;
mod client;
mod code;
mod decode;
mod encode;
mod envelope;
mod event;
mod kinds;
mod lease;
mod message;
mod observed;
mod payload;
mod state;
mod types;

use arcp_core::{Frame, FrameKind, Vocabulary};

pub(crate) use types::{is_foreign, is_open_only};

use crate::{CommandDecoder, CommandEncoder, Dialect, OutputDecoder, OutputEncoder};

/// The vocabulary of RFC 0001 revision 2 and its 1.1 additions.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenDialect;

/// What this dialect is called.
const NAME: &str = "open";
/// The same, as sessions keep it.
const VOCABULARY: Vocabulary = Vocabulary::named(NAME);

impl Dialect for OpenDialect {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Claims a first frame of a type that no other vocabulary has, and one whose envelope has a
    /// timestamp, as that of no other vocabulary has.
    fn claims(&self, first: &Frame) -> bool {
        first.kind == FrameKind::Text && envelope::is_ours(first)
    }

    fn greets_again(&self) -> bool {
        false
    }

    fn runtime_codec(&self) -> (Box<dyn CommandDecoder>, Box<dyn OutputEncoder>) {
        (Box::new(decode::Commands), Box::new(encode::Outputs::default()))
    }

    fn client_codec(&self) -> (Box<dyn OutputDecoder>, Box<dyn CommandEncoder>) {
        (Box::new(client::Outputs::default()), Box::new(client::Commands::default()))
    }
}
