//! One socket's life: frames in, frames out. It decides nothing and owns nothing that lasts.

mod observers;
mod reader;
mod writer;

use std::sync::Arc;

use arcp_core::{ConnectionId, Limits};
use arcp_store::Store;
use arcp_wire::Compatibility;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

pub(crate) use reader::Reader;
pub(crate) use writer::Writer;

use crate::keeper::Keeper;
use crate::writer::Message;

/// The right to have one more command in flight.
pub(crate) type Permit = OwnedSemaphorePermit;

/// What both halves of a connection need.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) id: ConnectionId,
    pub(crate) inbox: mpsc::Sender<Message>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keeper: Keeper,
    pub(crate) limits: Arc<Limits>,
    pub(crate) compatibility: Compatibility,
    /// Changes when the peer answers a ping.
    pub(crate) pongs: watch::Sender<()>,
}
