//! Which of our errors one of tungstenite's is.

use arcp_transport::{TransportError, TransportErrorKind};
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};

/// While reading or writing. Orderly ends are the caller's to tell apart.
pub(crate) fn while_open(error: Error) -> TransportError {
    use ProtocolError::{ReceivedAfterClosing, ResetWithoutClosingHandshake, SendAfterClosing};
    let kind = match &error {
        Error::Capacity(_) => TransportErrorKind::TooLarge,
        Error::Protocol(ReceivedAfterClosing | ResetWithoutClosingHandshake | SendAfterClosing) => {
            TransportErrorKind::Broken
        }
        Error::Protocol(_) | Error::Utf8(_) => TransportErrorKind::Protocol,
        _ => TransportErrorKind::Broken,
    };
    TransportError::new(kind, error)
}

/// During the handshake, on either side.
pub(crate) fn in_handshake(error: Error) -> TransportError {
    let kind = match &error {
        Error::Http(response) if response.status().is_server_error() => TransportErrorKind::Refused,
        Error::Io(_) | Error::Protocol(ProtocolError::HandshakeIncomplete) => {
            TransportErrorKind::Refused
        }
        _ => TransportErrorKind::Protocol,
    };
    TransportError::new(kind, error)
}

/// The handshake took too long.
pub(crate) fn too_slow() -> TransportError {
    TransportError::new(TransportErrorKind::Refused, "the handshake took too long")
}
