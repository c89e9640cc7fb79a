//! Model families: the code that turns pictures, samples and text into arrays and back.
//!
//! A family knows its models' shapes and constants; it knows nothing of tools or plans.

pub mod speech;
