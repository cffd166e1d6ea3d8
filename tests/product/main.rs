//! Whole-product tests.

mod matrix;
mod process;
mod support;
