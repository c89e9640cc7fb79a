//! The transformer itself: token ids in, scores of the next token out, keys and values kept between calls.
//!
//! Our own over candle's quantised tensors, because the modules in candle-transformers keep their caches to themselves:
//! there a request cannot take over what it has in common with the last. They also stop at 4,096 tokens (llama), leave
//! out llama 3.1's rotary factors, and turn heads in half precision (qwen3).

mod attention;

use candle_core::{
    DType, Device, Tensor,
    quantized::{QMatMul, QTensor},
};
use candle_nn::ops::{rms_norm, silu};

use self::attention::Attention;
use super::{
    error::Problem,
    metadata::Metadata,
    shape::{Rotation, Shape},
};

/// A loaded network with the tokens that it has read.
pub(super) struct Network {
    embedding: std::sync::Arc<QTensor>,
    layers: Vec<Layer>,
    norm: Norm,
    output: QMatMul,
    /// The angle by which one position turns each pair of a head.
    angles: Vec<f32>,
    /// Tokens whose keys and values are kept.
    length: usize,
}

struct Layer {
    attention_norm: Norm,
    attention: Attention,
    feed_norm: Norm,
    gate: QMatMul,
    up: QMatMul,
    down: QMatMul,
}

/// Division by the root of the mean square, then a weight for each number.
struct Norm {
    weight: Tensor,
    epsilon: f32,
}

/// Cosines and sines (tokens, half of a head) for the positions of a call.
struct Turn {
    cosines: Tensor,
    sines: Tensor,
    neighbours: bool,
}

impl Network {
    /// Reads all tensors.
    pub(super) fn load(metadata: &mut Metadata, shape: &Shape) -> Result<Self, Problem> {
        let embedding = std::sync::Arc::new(metadata.tensor("token_embd.weight")?);
        let output = if metadata.has_tensor("output.weight") {
            matrix(metadata, "output.weight")?
        } else {
            QMatMul::from_arc(embedding.clone())?
        };
        let layers = (0..shape.layers)
            .map(|index| Layer::load(metadata, shape, index))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            embedding,
            layers,
            norm: Norm::load(metadata, "output_norm.weight", shape)?,
            output,
            angles: angles(metadata, shape)?,
            length: 0,
        })
    }

    /// Forgets all but the first `length` tokens.
    pub(super) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Reads `tokens` behind those that are kept, and gives a score for each token that may come next.
    pub(super) fn read(&mut self, tokens: &[u32], shape: &Shape) -> Result<Vec<f32>, Problem> {
        let count = tokens.len();
        let ids = Tensor::new(tokens, &Device::Cpu)?;
        let mut hidden = self.embedding.embedding(&ids)?.to_dtype(DType::F32)?;
        let turn = self.turn(count, &shape.rotation)?;
        let mask = match count {
            1 => None,
            _ => Some(causal_mask(self.length, count)?),
        };
        for layer in &mut self.layers {
            hidden = layer.forward(&hidden, self.length, &turn, mask.as_ref())?;
        }
        self.length += count;
        let last = self.norm.forward(&hidden.narrow(0, count - 1, 1)?)?;
        let scores = self.output.forward(&last)?.squeeze(0)?;
        Ok(scores.to_dtype(DType::F32)?.to_vec1()?)
    }

    fn turn(&self, count: usize, rotation: &Rotation) -> Result<Turn, Problem> {
        let mut cosines = Vec::with_capacity(count * self.angles.len());
        let mut sines = Vec::with_capacity(count * self.angles.len());
        for position in self.length..self.length + count {
            #[expect(clippy::cast_precision_loss, reason = "positions are below 2^24")]
            let position = position as f32 / rotation.divisor;
            for angle in &self.angles {
                let (sine, cosine) = (position * angle).sin_cos();
                cosines.push(cosine);
                sines.push(sine);
            }
        }
        let shape = (count, self.angles.len());
        Ok(Turn {
            cosines: Tensor::from_vec(cosines, shape, &Device::Cpu)?,
            sines: Tensor::from_vec(sines, shape, &Device::Cpu)?,
            neighbours: rotation.neighbours,
        })
    }
}

impl Layer {
    fn load(metadata: &mut Metadata, shape: &Shape, index: usize) -> Result<Self, Problem> {
        let name = |part: &str| format!("blk.{index}.{part}");
        Ok(Self {
            attention_norm: Norm::load(metadata, &name("attn_norm.weight"), shape)?,
            attention: Attention::load(metadata, shape, index)?,
            feed_norm: Norm::load(metadata, &name("ffn_norm.weight"), shape)?,
            gate: matrix(metadata, &name("ffn_gate.weight"))?,
            up: matrix(metadata, &name("ffn_up.weight"))?,
            down: matrix(metadata, &name("ffn_down.weight"))?,
        })
    }

    /// `hidden` is (tokens, width), and stands behind `kept` tokens.
    fn forward(
        &mut self,
        hidden: &Tensor,
        kept: usize,
        turn: &Turn,
        mask: Option<&Tensor>,
    ) -> Result<Tensor, Problem> {
        let normed = self.attention_norm.forward(hidden)?;
        let hidden = (hidden + self.attention.forward(&normed, kept, turn, mask)?)?;
        let normed = self.feed_norm.forward(&hidden)?;
        let gated = (silu(&self.gate.forward(&normed)?)? * self.up.forward(&normed)?)?;
        Ok((&hidden + self.down.forward(&gated)?)?)
    }
}

impl Norm {
    fn load(metadata: &mut Metadata, name: &str, shape: &Shape) -> Result<Self, Problem> {
        Ok(Self {
            weight: dense(metadata, name)?,
            epsilon: shape.epsilon,
        })
    }

    fn forward(&self, hidden: &Tensor) -> Result<Tensor, Problem> {
        Ok(rms_norm(&hidden.contiguous()?, &self.weight, self.epsilon)?)
    }
}

impl Turn {
    /// Turns heads of shape (heads, tokens, head).
    fn apply(&self, heads: &Tensor) -> Result<Tensor, Problem> {
        let heads = heads.contiguous()?.unsqueeze(0)?;
        let turned = if self.neighbours {
            candle_nn::rotary_emb::rope_i(&heads, &self.cosines, &self.sines)?
        } else {
            candle_nn::rotary_emb::rope(&heads, &self.cosines, &self.sines)?
        };
        Ok(turned.squeeze(0)?)
    }
}

trait Forward {
    fn forward(&self, input: &Tensor) -> Result<Tensor, Problem>;
}

impl Forward for QMatMul {
    fn forward(&self, input: &Tensor) -> Result<Tensor, Problem> {
        Ok(candle_core::Module::forward(self, input)?)
    }
}

fn matrix(metadata: &mut Metadata, name: &str) -> Result<QMatMul, Problem> {
    Ok(QMatMul::from_qtensor(metadata.tensor(name)?)?)
}

fn dense(metadata: &mut Metadata, name: &str) -> Result<Tensor, Problem> {
    let tensor = metadata.tensor(name)?.dequantize(&Device::Cpu)?;
    Ok(tensor.to_dtype(DType::F32)?)
}

/// The angle of each pair; llama 3.1 and later divide it by a factor from the file.
fn angles(metadata: &mut Metadata, shape: &Shape) -> Result<Vec<f32>, Problem> {
    let pairs = shape.head_size / 2;
    let factors = if metadata.has_tensor("rope_freqs.weight") {
        dense(metadata, "rope_freqs.weight")?
            .flatten_all()?
            .to_vec1()?
    } else {
        vec![1.0_f32; pairs]
    };
    if factors.len() != pairs {
        let found = format!("{} rotary factors for {pairs} pairs", factors.len());
        return Err(Problem::NotGguf(found));
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a head has a few hundred numbers"
    )]
    let angle = |(pair, factor): (usize, f32)| {
        let exponent = (2 * pair) as f32 / shape.head_size as f32;
        1.0 / (shape.rotation.base.powf(exponent) * factor)
    };
    Ok(factors.into_iter().enumerate().map(angle).collect())
}

/// What is added to the scores (tokens, kept and tokens), so that no token sees those behind it.
fn causal_mask(kept: usize, count: usize) -> Result<Tensor, Problem> {
    let total = kept + count;
    let mask: Vec<f32> = (0..count)
        .flat_map(|row| {
            (0..total).map(move |column| {
                if column > kept + row {
                    f32::NEG_INFINITY
                } else {
                    0.0
                }
            })
        })
        .collect();
    Ok(Tensor::from_vec(mask, (count, total), &Device::Cpu)?)
}

/// The likelihoods that scores stand for.
fn softmax(scores: &Tensor) -> Result<Tensor, Problem> {
    Ok(candle_nn::ops::softmax_last_dim(scores)?)
}
