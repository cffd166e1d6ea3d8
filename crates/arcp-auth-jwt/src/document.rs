//! JWKS documents (RFC 7517), of which every key is for itself: what is not understood or not for
//! signatures is passed over.

use jsonwebtoken::jwk::{Jwk, KeyOperations, PublicKeyUse};
use serde::Deserialize;
use serde_json::Value;

use super::keys::{Key, KeySet};

/// Largest document that is read, in bytes.
pub(super) const DOCUMENT_BYTES: usize = 1 << 20;

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

/// The keys of a document that can verify signatures and have a name.
pub(super) fn parse(document: &[u8]) -> Result<KeySet, serde_json::Error> {
    let Document { keys } = serde_json::from_slice(document)?;
    let keys = keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    Ok(KeySet(keys.filter(is_for_tokens).filter_map(|key| Key::jwk(&key)).collect()))
}

fn is_for_tokens(key: &Jwk) -> bool {
    let common = &key.common;
    let signs = common.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature);
    let ops = common.key_operations.as_ref();
    let verifies = ops.is_none_or(|ops| ops.contains(&KeyOperations::Verify));
    common.key_id.is_some() && signs && verifies
}
