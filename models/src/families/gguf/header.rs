//! All of a GGUF file but its weights, which is small and stays in memory.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use medley_orchestrator::{ChatError, ChatErrorKind, ChatRequest};

use super::{
    constraint::Constraints,
    error::{GgufError, Problem},
    generation::Order,
    metadata::Metadata,
    prompt,
    sampling::Choice,
    shape::Shape,
    template::ChatTemplate,
    tokenizer::ChatTokenizer,
};

/// What is known of a model before its weights are loaded.
pub(super) struct Header {
    pub(super) path: PathBuf,
    /// What it is called in the configuration.
    pub(super) name: String,
    pub(super) shape: Shape,
    pub(super) tokenizer: Arc<ChatTokenizer>,
    template: ChatTemplate,
    constraints: Constraints,
    /// Tokens that a request and its reply may take together.
    pub(super) context: usize,
}

impl Header {
    /// Reads the header of the file at `path`; a request and its reply may take `most` tokens, or as many as the model
    /// was made for, if those are fewer.
    pub(super) fn read(path: &Path, name: &str, most: usize) -> Result<Self, GgufError> {
        Self::parse(path, name, most).map_err(|problem| problem.at(path))
    }

    fn parse(path: &Path, name: &str, most: usize) -> Result<Self, Problem> {
        let metadata = Metadata::open(path)?;
        let shape = Shape::of(&metadata)?;
        let tokenizer = ChatTokenizer::of(&metadata, &path.with_file_name("tokenizer.json"))?;
        let source = metadata.text("tokenizer.chat_template");
        let template = ChatTemplate::new(source, tokenizer.begin_text(), tokenizer.end_text())?;
        Ok(Self {
            path: path.to_owned(),
            name: name.to_owned(),
            context: shape.context.min(most),
            shape,
            tokenizer: Arc::new(tokenizer),
            template,
            constraints: Constraints::default(),
        })
    }

    /// The prompt that asks for a reply.
    pub(super) fn prompt(&self, request: &ChatRequest) -> Result<String, GgufError> {
        let messages = prompt::messages(request, &self.tokenizer);
        let tools = prompt::tools(&request.tools);
        let text = self.template.render(messages, tools);
        text.map_err(|problem| problem.at(&self.path))
    }

    /// What is to be done for a request.
    pub(super) fn order(&self, request: &ChatRequest) -> Result<Order, ChatError> {
        let prompt = self.prompt_tokens(request)?;
        let constraint = self.constraints.of(&request.format, &self.tokenizer);
        let constraint = constraint.map_err(|error| {
            let message = format!("model {}: {error}", self.name);
            ChatError::new(ChatErrorKind::Unsupported, message)
        })?;
        let room = self.context - prompt.len();
        let wanted = request.max_tokens.map_or(room, |most| most as usize);
        Ok(Order {
            most: wanted.min(room),
            choice: Choice {
                temperature: request.temperature.unwrap_or(0.0),
                top_p: request.top_p,
                seed: request.seed,
            },
            stops: request.stop.clone(),
            constraint,
            prompt,
        })
    }

    /// Bytes that the loaded model takes.
    pub(super) fn memory(&self) -> u64 {
        let file = fs::metadata(&self.path).map_or(0, |facts| facts.len());
        // candle keeps matrices a second time, in the order in which its kernels read them.
        2 * file + self.shape.cache_bytes(self.context)
    }

    fn prompt_tokens(&self, request: &ChatRequest) -> Result<Vec<u32>, ChatError> {
        let text = self.prompt(request)?;
        let tokens = self.tokenizer.encode(&text);
        let tokens = tokens.map_err(|problem| problem.at(&self.path))?;
        if tokens.is_empty() {
            let message = format!("model {}: the request is empty", self.name);
            return Err(ChatError::new(ChatErrorKind::Unsupported, message));
        }
        if tokens.len() >= self.context {
            return Err(self.too_long(tokens.len()));
        }
        Ok(tokens)
    }

    fn too_long(&self, tokens: usize) -> ChatError {
        let message = format!(
            "model {}: the request has {tokens} tokens, and with its reply it may take {}",
            self.name, self.context
        );
        let hint = if self.context < self.shape.context {
            format!(
                "shorten the request, or raise `context_tokens` (the model was made for {})",
                self.shape.context
            )
        } else {
            "shorten the request, or choose a model with a longer context".to_owned()
        };
        ChatError::new(ChatErrorKind::ContextTooLong, message).with_hint(hint)
    }
}
