//! transport-stdio
