//! The text of a reply as its bytes come in: whole characters only, and nothing that may still turn out to be a stop.

/// Gathers bytes, and hands out text as soon as it is certain.
pub(super) struct ReplyText {
    stops: Vec<String>,
    /// Bytes that do not make a character yet.
    bytes: Vec<u8>,
    /// Text that may be the beginning of a stop.
    held: String,
    stopped: bool,
}

impl ReplyText {
    pub(super) fn new(stops: &[String]) -> Self {
        Self {
            stops: stops
                .iter()
                .filter(|stop| !stop.is_empty())
                .cloned()
                .collect(),
            bytes: Vec::new(),
            held: String::new(),
            stopped: false,
        }
    }

    /// Whether a stop came; what is before it was handed out.
    pub(super) fn stopped(&self) -> bool {
        self.stopped
    }

    /// Takes bytes, and gives the text that is certain now.
    pub(super) fn push(&mut self, bytes: &[u8]) -> String {
        self.bytes.extend_from_slice(bytes);
        self.take_characters(false);
        self.certain()
    }

    /// The rest, when no more comes.
    pub(super) fn finish(&mut self) -> String {
        self.take_characters(true);
        let text = self.certain();
        if self.stopped {
            return text;
        }
        text + &std::mem::take(&mut self.held)
    }

    /// Moves whole characters from the bytes to the text; what can be none becomes U+FFFD.
    fn take_characters(&mut self, last: bool) {
        let mut rest = self.bytes.as_slice();
        loop {
            let error = match str::from_utf8(rest) {
                Ok(text) => {
                    self.held.push_str(text);
                    rest = &[];
                    break;
                }
                Err(error) => error,
            };
            let (whole, broken) = rest.split_at(error.valid_up_to());
            self.held.push_str(&String::from_utf8_lossy(whole));
            rest = broken;
            match error.error_len() {
                Some(length) => rest = &broken[length..],
                None if last => rest = &[],
                None => break,
            }
            self.held.push(char::REPLACEMENT_CHARACTER);
        }
        self.bytes = rest.to_vec();
    }

    fn certain(&mut self) -> String {
        if self.stopped {
            return String::new();
        }
        let stop = self
            .stops
            .iter()
            .filter_map(|stop| self.held.find(stop.as_str()))
            .min();
        if let Some(place) = stop {
            self.stopped = true;
            self.held.truncate(place);
            return std::mem::take(&mut self.held);
        }
        let keep = self.stops.iter().map(|stop| overlap(&self.held, stop));
        let cut = self.held.len() - keep.max().unwrap_or(0);
        let kept = self.held.split_off(cut);
        std::mem::replace(&mut self.held, kept)
    }
}

/// The bytes at the end of `text` with which `stop` begins.
fn overlap(text: &str, stop: &str) -> usize {
    let lengths = stop.char_indices().map(|(place, _)| place);
    lengths
        .filter(|length| text.ends_with(&stop[..*length]))
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(stops: &[&str]) -> ReplyText {
        let stops: Vec<String> = stops.iter().map(|stop| (*stop).to_owned()).collect();
        ReplyText::new(&stops)
    }

    #[test]
    fn characters_come_whole() {
        let mut text = text(&[]);
        let bytes = "é😀".as_bytes();
        let pieces: Vec<String> = bytes.iter().map(|byte| text.push(&[*byte])).collect();
        assert_eq!(pieces, ["", "é", "", "", "", "😀"]);
        assert_eq!(text.finish(), "");
    }

    #[test]
    fn what_is_no_character_is_replaced() {
        let mut text = text(&[]);
        assert_eq!(text.push(b"a\xffb\xf0\x9f"), "a\u{FFFD}b");
        assert_eq!(text.finish(), "\u{FFFD}");
    }

    #[test]
    fn a_stop_is_held_back_while_it_may_come() {
        let mut text = text(&["</end>", "\n\n"]);
        assert_eq!(text.push(b"a</e"), "a");
        assert_eq!(text.push(b"m>\n"), "</em>");
        assert_eq!(text.push(b"b</en"), "\nb");
        assert_eq!(text.push(b"d> more"), "");
        assert!(text.stopped());
        assert_eq!(text.push(b"and more"), "");
        assert_eq!(text.finish(), "");
    }

    #[test]
    fn what_was_held_back_comes_at_the_end() {
        let mut text = text(&["stop"]);
        assert_eq!(text.push("été st".as_bytes()), "été ");
        assert_eq!(text.finish(), "st");
    }

    #[test]
    fn the_first_stop_counts() {
        let mut text = text(&["later", "first"]);
        assert_eq!(text.push(b"at first and later"), "at ");
        assert!(text.stopped());
    }
}
