//! The only place where memory safety is our own word: foreign libraries behind safe interfaces.
//!
//! Each module wraps one library; none knows what its results are used for.
#![expect(
    unsafe_code,
    reason = "foreign functions cannot be called otherwise; every block says why it is sound"
)]

pub mod espeak;
