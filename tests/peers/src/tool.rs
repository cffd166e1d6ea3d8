//! Tools of the published runtime that are made of functions.

use std::pin::Pin;
use std::sync::Arc;

use arcp::ARCPError;
use arcp::runtime::{ToolContext, ToolHandler};
use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::Value;

type Running = Pin<Box<dyn Future<Output = Result<Value, ARCPError>> + Send>>;

/// A tool made of a function.
struct Tool<F> {
    name: &'static str,
    run: F,
}

#[async_trait]
impl<F: Fn(Value, ToolContext) -> Running + Send + Sync> ToolHandler for Tool<F> {
    fn name(&self) -> &str {
        self.name
    }

    async fn invoke(&self, input: Value, job: ToolContext) -> Result<Value, ARCPError> {
        (self.run)(input, job).await
    }
}

/// The tool of this name that does that.
pub fn tool<F, R>(name: &'static str, run: F) -> Arc<dyn ToolHandler>
where
    F: Fn(Value, ToolContext) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Value, ARCPError>> + Send + 'static,
{
    let run = move |input, job| -> Running { Box::pin(run(input, job)) };
    Arc::new(Tool { name, run })
}

/// An input that has to be of this form.
pub fn read<T: DeserializeOwned>(input: Value) -> Result<T, ARCPError> {
    serde_json::from_value(input).map_err(invalid)
}

/// Says that an input is not.
pub fn invalid(why: impl std::fmt::Display) -> ARCPError {
    ARCPError::InvalidArgument { detail: why.to_string() }
}
