//! How a built-in agent's input is read: an object, every field checked, faults that name the field.

use arcp::agent::{Fault, Json};
use serde::de::DeserializeOwned;

/// Reads `input`, an object or nothing, as a `T`; what does not fit is `InvalidArgument`.
pub(super) fn read<T: DeserializeOwned>(input: &Json) -> Result<T, Fault> {
    let text = if input.is_null() { "{}" } else { input.as_str().trim_ascii_start() };
    // Without this an array of the fields' values would pass as well.
    if !text.starts_with('{') {
        return Err(Fault::invalid("the input must be a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut json).map_err(|error| refuse(&error))
}

/// Refuses `value` of `field` when it exceeds `bound`.
pub(super) fn at_most(field: &str, value: u64, bound: u64) -> Result<(), Fault> {
    if value > bound {
        return Err(Fault::invalid(format!(
            "input: `{field}` must be at most {bound}, it is {value}"
        )));
    }
    Ok(())
}

fn refuse(error: &serde_path_to_error::Error<serde_json::Error>) -> Fault {
    let (path, cause) = (error.path().to_string(), error.inner());
    if path == "." {
        return Fault::invalid(format!("input: {cause}"));
    }
    Fault::invalid(format!("input: `{path}`: {cause}"))
}

#[cfg(test)]
mod tests {
    use arcp::agent::{Code, Json};
    use serde::Deserialize;

    use super::{at_most, read};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        size: u64,
    }

    fn refusal(text: &str) -> String {
        let fault = read::<Input>(&Json::parse(text).unwrap()).unwrap_err();
        assert_eq!(fault.code, Code::InvalidArgument);
        fault.message
    }

    #[test]
    fn a_fault_names_the_field() {
        let json = Json::parse(r#" {"size": 4}"#).unwrap();
        assert_eq!(read::<Input>(&json).unwrap().size, 4);
        for bad in [
            "null",
            "{}",
            r#"{"size":"4"}"#,
            r#"{"size":-4}"#,
            r#"{"size":null}"#,
            r#"{"size":4,"size":4}"#,
        ] {
            let message = refusal(bad);
            assert!(message.contains("`size`"), "{bad}: {message}");
        }
        assert!(refusal(r#"{"size":4,"sise":1}"#).contains("`sise`"));
    }

    #[test]
    fn only_an_object_will_do() {
        for bad in ["[4]", "4", "\"size\"", "true"] {
            assert!(refusal(bad).contains("JSON object"), "{bad}");
        }
    }

    #[test]
    fn a_bound_is_told() {
        assert_eq!(at_most("n", 3, 3), Ok(()));
        let message = at_most("n", 4, 3).unwrap_err().message;
        assert_eq!(message, "input: `n` must be at most 3, it is 4");
    }
}
