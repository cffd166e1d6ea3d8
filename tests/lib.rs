//! Whole-product tests live in `product/`; this library is empty.
