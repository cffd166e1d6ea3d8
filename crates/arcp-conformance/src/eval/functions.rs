//! The functions that scripts can call.

use arcp_core::hex;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{fresh_ulid, now, text_of};

/// Their names.
pub(crate) const FUNCTIONS: &[&str] = &[
    "add",
    "base64",
    "base64url",
    "epoch",
    "hmac",
    "json",
    "jwt",
    "now",
    "repeat",
    "sha256",
    "size",
    "ulid",
    "unbase64",
];

/// Whether there is such a function.
pub(crate) fn is_function(name: &str) -> bool {
    FUNCTIONS.contains(&name)
}

/// The value of `@name(arguments)`.
pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    let text = |result: String| Ok(Value::String(result));
    match (name, arguments) {
        ("repeat", [piece, count]) => repeat(piece, count),
        ("base64", [data]) => text(STANDARD.encode(text_of(data))),
        ("base64url", [data]) => text(URL_SAFE_NO_PAD.encode(text_of(data))),
        ("unbase64", [data]) => unbase64(data),
        ("sha256", [data]) => text(hex(&Sha256::digest(text_of(data)))),
        ("hmac", [key, data]) => text(hex(&hmac(&text_of(key), &text_of(data)))),
        ("jwt", [claims, key]) => text(jwt(claims, &text_of(key))),
        ("json", [value]) => text(value.to_string()),
        ("size", [value]) => Ok(Value::from(text_of(value).len())),
        ("ulid", []) => text(fresh_ulid()),
        ("now", []) => text(now().to_string()),
        ("now", [ahead]) => {
            let micros = millis(ahead)?.saturating_mul(1_000);
            let at = now().as_micros().saturating_add(micros);
            text(arcp_core::Timestamp::from_micros(at).to_string())
        }
        ("epoch", []) => Ok(Value::from(now().as_micros() / 1_000_000)),
        ("epoch", [ahead]) => {
            Ok(Value::from(now().as_micros() / 1_000_000 + millis(ahead)? / 1_000))
        }
        ("add", [left, right]) => Ok(Value::from(millis(left)?.saturating_add(millis(right)?))),
        _ => Err(format!("`@{name}` does not take {} values", arguments.len())),
    }
}

fn millis(value: &Value) -> Result<i64, String> {
    value.as_i64().ok_or_else(|| format!("`{value}` is no whole number or time"))
}

fn repeat(piece: &Value, count: &Value) -> Result<Value, String> {
    let count = usize::try_from(millis(count)?).map_err(|error| error.to_string())?;
    let piece = text_of(piece);
    if piece.len().saturating_mul(count) > MOST_BYTES {
        return Err(format!("`@repeat` makes at most {MOST_BYTES} bytes"));
    }
    Ok(Value::String(piece.repeat(count)))
}

fn unbase64(data: &Value) -> Result<Value, String> {
    let bytes = STANDARD.decode(text_of(data)).map_err(|error| format!("no base64: {error}"))?;
    String::from_utf8(bytes)
        .map(Value::String)
        .map_err(|_| "what the base64 says is no text".into())
}

/// A token with HS256.
fn jwt(claims: &Value, key: &str) -> String {
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = URL_SAFE_NO_PAD.encode(hmac(key, &signed));
    format!("{signed}.{signature}")
}

/// HMAC-SHA256 (RFC 2104).
fn hmac(key: &str, data: &str) -> Vec<u8> {
    let mut block = [0_u8; BLOCK];
    let hashed;
    let key = if key.len() > BLOCK {
        hashed = Sha256::digest(key);
        hashed.as_slice()
    } else {
        key.as_bytes()
    };
    for (slot, byte) in block.iter_mut().zip(key) {
        *slot = *byte;
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(data);
    let outer = Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c));
    outer.chain_update(inner.finalize()).finalize().to_vec()
}

/// The block of SHA-256.
const BLOCK: usize = 64;

/// The longest text that `@repeat` makes.
const MOST_BYTES: usize = 256 << 20;
