//! Model families: the code that turns pictures, samples and text into arrays and back.
//!
//! A family knows its models' shapes and constants, and runs them through [`sessions`](crate::sessions) or a native
//! library; it knows nothing of tools, plans or where its files came from.

mod gguf;
pub mod minilm;
pub mod ppocr;
pub mod speech;
