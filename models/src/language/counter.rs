//! Counts the tokens of a text for models that do not say how many they read and wrote.

/// How many tokens a text takes in OpenAI's `o200k_base` vocabulary; other models' counts differ by a tenth or two.
///
/// The vocabulary is built in, and takes a moment to load when it is first used.
#[must_use]
pub fn count_tokens(text: &str) -> u64 {
    tiktoken_rs::o200k_base_singleton()
        .encode_ordinary(text)
        .len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_about_a_token_each() {
        assert_eq!(count_tokens(""), 0);
        assert_eq!(count_tokens("hello world"), 2);
        assert!((4..=8).contains(&count_tokens("读一下这个牌子")));
    }
}
