//! Grouped attention with the keys and values of the tokens before.

use candle_core::{DType, Device, Tensor, quantized::QMatMul};

use super::{Forward, Norm, Turn, dense, matrix, softmax};
use crate::families::gguf::{error::Problem, metadata::Metadata, shape::Shape};

/// Room for tokens is made in steps of this.
const STEP: usize = 256;

/// One layer's attention.
pub(super) struct Attention {
    query: Projection,
    key: Projection,
    value: Projection,
    output: QMatMul,
    heads: usize,
    key_heads: usize,
    head_size: usize,
    cache: Cache,
}

/// A matrix that makes heads; with a bias in qwen2, and a norm for each head in qwen3.
struct Projection {
    weight: QMatMul,
    bias: Option<Tensor>,
    norm: Option<Norm>,
}

/// Keys and values, each (key heads, room, head size).
#[derive(Default)]
struct Cache(Option<(Tensor, Tensor)>);

impl Attention {
    pub(super) fn load(
        metadata: &mut Metadata,
        shape: &Shape,
        index: usize,
    ) -> Result<Self, Problem> {
        let name = |part: &str| format!("blk.{index}.attn_{part}");
        Ok(Self {
            query: Projection::load(metadata, shape, &name("q"))?,
            key: Projection::load(metadata, shape, &name("k"))?,
            value: Projection::load(metadata, shape, &name("v"))?,
            output: matrix(metadata, &name("output.weight"))?,
            heads: shape.heads,
            key_heads: shape.key_heads,
            head_size: shape.head_size,
            cache: Cache::default(),
        })
    }

    /// `hidden` is (tokens, width), and stands behind `kept` tokens.
    pub(super) fn forward(
        &mut self,
        hidden: &Tensor,
        kept: usize,
        turn: &Turn,
        mask: Option<&Tensor>,
    ) -> Result<Tensor, Problem> {
        let count = hidden.dim(0)?;
        let total = kept + count;
        let query = self.query.heads(hidden, self.heads, self.head_size)?;
        let key = self.key.heads(hidden, self.key_heads, self.head_size)?;
        let value = self.value.heads(hidden, self.key_heads, self.head_size)?;
        let (query, key) = (turn.apply(&query)?, turn.apply(&key)?);
        self.cache.put(kept, &key, &value.contiguous()?)?;
        let (keys, values) = self.cache.first(total)?;
        // The heads that share keys stand behind each other, so one product serves them all.
        let rows = self.heads / self.key_heads * count;
        let query = query.reshape((self.key_heads, rows, self.head_size))?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a head has a few hundred numbers"
        )]
        let scale = 1.0 / (self.head_size as f64).sqrt();
        let mut scores = ((query * scale)?.matmul(&keys.t()?))?;
        if let Some(mask) = mask {
            scores = scores
                .reshape((self.heads, count, total))?
                .broadcast_add(mask)?
                .reshape((self.key_heads, rows, total))?;
        }
        let mixed = softmax(&scores)?.matmul(&values)?;
        let mixed = mixed
            .reshape((self.heads, count, self.head_size))?
            .transpose(0, 1)?
            .reshape((count, self.heads * self.head_size))?;
        self.output.forward(&mixed)
    }
}

impl Projection {
    fn load(metadata: &mut Metadata, shape: &Shape, name: &str) -> Result<Self, Problem> {
        let bias = format!("{name}.bias");
        let norm = format!("{name}_norm.weight");
        Ok(Self {
            weight: matrix(metadata, &format!("{name}.weight"))?,
            bias: match metadata.has_tensor(&bias) {
                true => Some(dense(metadata, &bias)?),
                false => None,
            },
            norm: match metadata.has_tensor(&norm) {
                true => Some(Norm::load(metadata, &norm, shape)?),
                false => None,
            },
        })
    }

    /// The heads of `hidden` (tokens, width), as (heads, tokens, head size).
    fn heads(&self, hidden: &Tensor, heads: usize, size: usize) -> Result<Tensor, Problem> {
        let mut projected = self.weight.forward(hidden)?;
        if let Some(bias) = &self.bias {
            projected = projected.broadcast_add(bias)?;
        }
        let mut projected = projected.reshape((hidden.dim(0)?, heads, size))?;
        if let Some(norm) = &self.norm {
            projected = norm.forward(&projected)?;
        }
        Ok(projected.transpose(0, 1)?)
    }
}

impl Cache {
    /// Puts keys and values (key heads, tokens, head size) behind the first `kept` tokens.
    fn put(&mut self, kept: usize, key: &Tensor, value: &Tensor) -> Result<(), Problem> {
        let (heads, count, size) = key.dims3()?;
        let room = match &self.0 {
            Some((keys, _)) => keys.dim(1)?,
            None => 0,
        };
        if kept + count > room {
            let wanted = (kept + count).max(room + room / 2).next_multiple_of(STEP);
            let larger = || Tensor::zeros((heads, wanted, size), DType::F32, &Device::Cpu);
            let (keys, values) = (larger()?, larger()?);
            if let Some((old_keys, old_values)) = &self.0
                && kept > 0
            {
                keys.slice_set(&old_keys.narrow(1, 0, kept)?.contiguous()?, 1, 0)?;
                values.slice_set(&old_values.narrow(1, 0, kept)?.contiguous()?, 1, 0)?;
            }
            self.0 = Some((keys, values));
        }
        if let Some((keys, values)) = &self.0 {
            keys.slice_set(key, 1, kept)?;
            values.slice_set(value, 1, kept)?;
        }
        Ok(())
    }

    /// Keys and values of the first `total` tokens.
    fn first(&self, total: usize) -> Result<(Tensor, Tensor), Problem> {
        let Some((keys, values)) = &self.0 else {
            return Err(Problem::Unsupported("attention over nothing".to_owned()));
        };
        Ok((keys.narrow(1, 0, total)?, values.narrow(1, 0, total)?))
    }
}
