//! Leases on the command line.

use arcp::core::lease::{Budget, Pattern};
use arcp::core::{Lease, Timestamp};

use crate::exit::Error;

/// Reads `--lease` arguments; none means that the runtime's default holds.
pub(crate) fn parse(arguments: &[String]) -> Result<Option<Lease>, Error> {
    let mut pairs = Vec::new();
    for argument in arguments {
        if argument.trim_start().starts_with('{') {
            pairs.extend(object(argument)?);
        } else {
            let (key, value) = argument.split_once('=').ok_or_else(|| {
                Error::Usage(format!("--lease `{argument}`: want KEY=VALUE or a JSON object"))
            })?;
            pairs.push((key.to_owned(), value.to_owned()));
        }
    }
    if arguments.is_empty() {
        return Ok(None);
    }
    let mut lease = Lease::default();
    let mut amounts = Vec::new();
    for (key, value) in &pairs {
        match key.as_str() {
            "cost.budget" | "cost_budget" => amounts.push(value.as_str()),
            "expires_at" => {
                lease.expires_at = Some(Timestamp::parse(value).map_err(Error::usage)?);
            }
            namespace => {
                let pattern = Pattern::parse(value)
                    .map_err(|error| Error::Usage(format!("--lease {key}: {error}")))?;
                lease = lease.grant(namespace, pattern);
            }
        }
    }
    lease.budget = Budget::parse(amounts).map_err(Error::usage)?;
    Ok(Some(lease))
}

/// The pairs of a JSON object whose values are strings or arrays of strings.
fn object(text: &str) -> Result<Vec<(String, String)>, Error> {
    let wrong = |key: &str| {
        Error::Usage(format!("--lease: `{key}` must be a string or an array of strings"))
    };
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|error| Error::Usage(format!("--lease: {error}")))?;
    let mut pairs = Vec::new();
    for (key, value) in object {
        match value {
            serde_json::Value::String(text) => pairs.push((key, text)),
            serde_json::Value::Array(values) => {
                for value in values {
                    let text = value.as_str().ok_or_else(|| wrong(&key))?;
                    pairs.push((key.clone(), text.to_owned()));
                }
            }
            _ => return Err(wrong(&key)),
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Option<Lease>, Error> {
        parse(&arguments.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn both_forms_add_up() {
        let lease = read(&[
            "fs.read=/a/**",
            r#"{"fs.read": ["/b/**"], "cost.budget": "USD:1"}"#,
            "cost.budget=EUR:2",
            "expires_at=2030-01-01T00:00:00Z",
        ]);
        let lease = lease.unwrap().unwrap();
        assert_eq!(lease.grants["fs.read"].len(), 2);
        assert_eq!(lease.budget.to_amounts(), ["EUR:2", "USD:1"]);
        assert!(lease.expires_at.is_some());
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&["{}"]).unwrap().unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for bad in ["fs.read", "fs.read=", "cost.budget=5", "expires_at=soon", "{", "{\"a\":1}"] {
            assert!(matches!(read(&[bad]), Err(Error::Usage(_))), "{bad}");
        }
    }
}
