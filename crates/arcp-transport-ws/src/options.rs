//! What can be set about WebSocket connections, and which origins may make them.

use std::net::IpAddr;
use std::time::Duration;

use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Settings of a listener or of a connection that is made.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WsOptions {
    /// The largest frame, in and out. 1 MiB by default.
    pub max_frame_bytes: usize,
    /// How long a connection may take to become a WebSocket. 10 seconds by default.
    pub handshake_time: Duration,
    /// After how long a silence the peer is sent a WebSocket ping, which every peer answers (RFC 6455);
    /// as long again, and the connection is `Broken`. It finds peers that are gone without a word.
    /// Only while somebody waits in `recv` and nobody in `send`: a peer that is slow to read is not silent,
    /// and one that is gone takes nothing, which ends the connection after some minutes. 30 seconds by
    /// default; `None` for never.
    pub ping_interval: Option<Duration>,
    /// Which web pages may connect. Programs send no `Origin` and always may.
    pub origins: Origins,
}

impl Default for WsOptions {
    fn default() -> Self {
        Self {
            max_frame_bytes: 1 << 20,
            handshake_time: Duration::from_secs(10),
            ping_interval: Some(Duration::from_secs(30)),
            origins: Origins::default(),
        }
    }
}

impl WsOptions {
    /// Tungstenite's own settings, for one who reads so much at a time; its defaults are too generous.
    pub(crate) fn config(&self, read_bytes: usize) -> WebSocketConfig {
        // Room for a full group of frames, or for the largest one, beside pongs and a close.
        let most = WRITE_BYTES
            .saturating_add(self.max_frame_bytes)
            .saturating_add(SPARE_BYTES)
            .max(MAX_WRITE_BYTES);
        WebSocketConfig::default()
            .read_buffer_size(read_bytes)
            .write_buffer_size(WRITE_BYTES)
            .max_write_buffer_size(most)
            .max_message_size(Some(self.max_frame_bytes))
            .max_frame_size(Some(self.max_frame_bytes))
    }
}

/// Which values of the `Origin` header are let in.
///
/// Browsers send the header and other programs do not, so this keeps web pages of strangers from
/// reaching a runtime on the user's machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origins {
    /// Pages served from this machine (`localhost`, `127.0.0.0/8`, `[::1]`) and those listed,
    /// such as `https://console.example`. The default, with none listed.
    LoopbackAnd(Vec<String>),
    /// Those listed and no others.
    Only(Vec<String>),
    /// Every page.
    Any,
}

impl Default for Origins {
    fn default() -> Self {
        Self::LoopbackAnd(Vec::new())
    }
}

impl Origins {
    /// Whether a page of `origin` may connect.
    pub fn allow(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(listed) => is_listed(listed, origin),
            Self::LoopbackAnd(listed) => is_listed(listed, origin) || is_loopback(origin),
        }
    }
}

fn is_listed(listed: &[String], origin: &str) -> bool {
    listed.iter().any(|one| one.eq_ignore_ascii_case(origin))
}

fn is_loopback(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else {
        return false;
    };
    if !matches!(uri.scheme_str(), Some("http" | "https")) || has_userinfo(&uri) {
        return false;
    }
    let host = uri.host().map(bare_host).unwrap_or_default();
    let address = host.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The host without the brackets of an IPv6 address.
pub(crate) fn bare_host(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}

/// Whether the URL names a user, which makes its host easy to misread.
pub(crate) fn has_userinfo(uri: &Uri) -> bool {
    uri.authority().is_some_and(|authority| authority.as_str().contains('@'))
}

/// What a listener reads at a time. It is allocated for each connection, most of which are idle, and clients
/// say little at a time.
pub(crate) const LISTENER_READ_BYTES: usize = 2 << 10;

/// What a client reads at a time: runtimes say much.
pub(crate) const CLIENT_READ_BYTES: usize = 32 << 10;

/// What is read at a time of what nobody wants.
pub(crate) const DISCARD_BYTES: usize = 8 << 10;

/// Frames are written together up to this size.
pub(crate) const WRITE_BYTES: usize = 64 << 10;

/// The write buffer's bound, unless the largest frame needs more.
const MAX_WRITE_BYTES: usize = 1 << 20;

/// Room for headers and control frames.
const SPARE_BYTES: usize = 64 << 10;
