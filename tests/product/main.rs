//! Whole-product tests.

mod matrix;
mod process;
mod suite;
mod support;
