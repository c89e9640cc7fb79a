//! What a network looks like, as the header of its file says.

use super::{error::Problem, metadata::Metadata};

/// The architectures that run here, by the names in `general.architecture`.
pub(super) const ARCHITECTURES: [&str; 3] = ["llama", "qwen2", "qwen3"];

/// The shape of a decoder-only transformer with grouped attention, rotary positions and gated feed-forward layers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    /// Layers.
    pub(super) layers: usize,
    /// Numbers in a token's hidden state.
    pub(super) width: usize,
    /// Heads that ask.
    pub(super) heads: usize,
    /// Heads that are asked; each answers `heads / key_heads` of those that ask.
    pub(super) key_heads: usize,
    /// Numbers in a head.
    pub(super) head_size: usize,
    /// Rows of the output, at least as many as there are tokens.
    pub(super) vocabulary: usize,
    /// The longest text that it was made for, in tokens.
    pub(super) context: usize,
    /// What is added to a mean of squares.
    pub(super) epsilon: f32,
    /// How positions turn heads.
    pub(super) rotation: Rotation,
}

/// How positions turn heads (Su et al., RoFormer).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rotation {
    /// The base of the frequencies.
    pub(super) base: f32,
    /// What positions are divided by.
    pub(super) divisor: f32,
    /// Whether neighbours turn together, rather than the two halves of a head.
    pub(super) neighbours: bool,
}

impl Shape {
    pub(super) fn of(metadata: &Metadata) -> Result<Self, Problem> {
        let architecture = metadata
            .text("general.architecture")
            .ok_or_else(|| Problem::Missing("general.architecture".to_owned()))?;
        if !ARCHITECTURES.contains(&architecture) {
            return Err(Problem::Architecture {
                found: architecture.to_owned(),
            });
        }
        let key = |name: &str| format!("{architecture}.{name}");
        let required = |name: &str| metadata.required_number(&key(name));
        if metadata.number(&key("expert_count")).unwrap_or(0) > 1 {
            return Err(Problem::Unsupported("a mixture of experts".to_owned()));
        }
        let width = required("embedding_length")?;
        let heads = required("attention.head_count")?.max(1);
        let head_size = metadata
            .number(&key("attention.key_length"))
            .unwrap_or(width / heads);
        let epsilon_key = key("attention.layer_norm_rms_epsilon");
        let shape = Self {
            layers: required("block_count")?,
            width,
            heads,
            key_heads: metadata
                .number(&key("attention.head_count_kv"))
                .unwrap_or(heads)
                .max(1),
            head_size,
            vocabulary: metadata
                .dimensions("token_embd.weight")
                .and_then(|dimensions| dimensions.first().copied())
                .unwrap_or(0),
            context: required("context_length")?,
            epsilon: metadata
                .float(&epsilon_key)
                .ok_or(Problem::Missing(epsilon_key))?,
            rotation: Rotation::of(metadata, architecture, head_size)?,
        };
        shape.check()?;
        Ok(shape)
    }

    fn check(&self) -> Result<(), Problem> {
        if !self.heads.is_multiple_of(self.key_heads) || !self.head_size.is_multiple_of(2) {
            let heads = format!(
                "{} heads over {} of {} numbers",
                self.heads, self.key_heads, self.head_size
            );
            return Err(Problem::Unsupported(heads));
        }
        Ok(())
    }

    /// Bytes that keys and values of this many tokens take.
    pub(super) fn cache_bytes(&self, tokens: usize) -> u64 {
        let numbers = 2 * self.layers * self.key_heads * self.head_size * tokens;
        numbers as u64 * 4
    }
}

impl Rotation {
    fn of(metadata: &Metadata, architecture: &str, head_size: usize) -> Result<Self, Problem> {
        let key = |name: &str| format!("{architecture}.rope.{name}");
        let turned = metadata
            .number(&key("dimension_count"))
            .unwrap_or(head_size);
        if turned != head_size {
            let part = format!("heads of which {turned} of {head_size} numbers turn");
            return Err(Problem::Unsupported(part));
        }
        let factor = metadata.float(&key("scaling.factor")).unwrap_or(1.0);
        let divisor = match metadata.text(&key("scaling.type")) {
            None | Some("none") => 1.0,
            Some("linear") if factor > 0.0 => factor,
            Some(other) => return Err(Problem::Unsupported(format!("'{other}' rotary scaling"))),
        };
        Ok(Self {
            base: metadata.float(&key("freq_base")).unwrap_or(10_000.0),
            divisor,
            // The converter orders llama's heads for this, and leaves those of the others as they are.
            neighbours: architecture == "llama",
        })
    }
}
