//! Bytes made ready for `eventsource-stream`: whole lines of text, each ended by a line feed alone.
//!
//! The crate (0.2.3) leaves four things to whoever feeds it: it panics at a byte order mark (its pull request 10), it
//! waits behind a carriage return for what may follow, it notices at the end only that bytes are no text, and it
//! copies what it holds for each line in it. So it gets no mark, no carriage returns, text, and little at a time.

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures::Stream;

use super::body::Broken;

/// How many bytes of lines are handed on at a time, unless one line is longer.
const PIECE: usize = 2 << 10;

/// The longest line. A reply that is sent in one piece is below it.
const LONGEST_LINE: usize = 16 << 20;

/// Whole lines of a stream of bytes; what is left at its end counts as a line, and an empty line is added.
pub(super) struct Lines<S> {
    bytes: S,
    held: Vec<u8>,
    /// Where what was not handed on yet begins in `held`.
    begin: usize,
    /// Where a line end was not looked for yet in `held`.
    seen: usize,
    /// Whether the last byte was a carriage return.
    after_return: bool,
    at_begin: bool,
    ended: bool,
}

impl<S> Lines<S> {
    pub(super) const fn new(bytes: S) -> Self {
        Self {
            bytes,
            held: Vec::new(),
            begin: 0,
            seen: 0,
            after_return: false,
            at_begin: true,
            ended: false,
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.held.drain(..mem::take(&mut self.begin));
        self.seen = self.held.len();
        if !self.after_return && !bytes.contains(&b'\r') {
            self.held.extend_from_slice(bytes);
            return;
        }
        for &byte in bytes {
            let is_second_half =
                mem::replace(&mut self.after_return, byte == b'\r') && byte == b'\n';
            if !is_second_half {
                self.held.push(if byte == b'\r' { b'\n' } else { byte });
            }
        }
    }

    /// The next lines, if they are whole.
    fn piece(&mut self) -> Option<Result<String, Broken>> {
        let waiting = &self.held[self.begin..];
        let near = &waiting[..waiting.len().min(PIECE)];
        let end = near.iter().rposition(|&byte| byte == b'\n').or_else(|| {
            let unseen = self.seen.saturating_sub(self.begin).min(waiting.len());
            let far = waiting[unseen..].iter().position(|&byte| byte == b'\n');
            far.map(|end| unseen + end)
        });
        let Some(end) = end else {
            self.seen = self.held.len();
            return (waiting.len() > LONGEST_LINE).then_some(Err(Broken::EndlessLine));
        };
        let text = str::from_utf8(&waiting[..=end]).map(str::to_owned);
        self.begin += end + 1;
        Some(
            text.map_err(|_| Broken::NotText)
                .map(|text| self.unmarked(text)),
        )
    }

    /// Without the byte order mark that a stream may begin with.
    fn unmarked(&mut self, text: String) -> String {
        if !mem::take(&mut self.at_begin) {
            return text;
        }
        match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        }
    }
}

impl<S: Stream<Item = Result<Vec<u8>, Broken>> + Unpin> Stream for Lines<S> {
    type Item = Result<String, Broken>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(piece) = self.piece() {
                return Poll::Ready(Some(piece));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut self.bytes).poll_next(context)) {
                Some(Ok(bytes)) => self.push(&bytes),
                Some(Err(broken)) => return Poll::Ready(Some(Err(broken))),
                None => {
                    self.ended = true;
                    self.push(b"\n\n");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{TryStreamExt, stream};

    use super::*;

    async fn lines(pieces: &[&[u8]]) -> Result<String, Broken> {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(piece.to_vec())).collect();
        Lines::new(stream::iter(pieces)).try_collect().await
    }

    #[tokio::test]
    async fn every_line_end_becomes_a_line_feed() {
        let text = b"\xEF\xBB\xBFa\r\nb\rc\n\r\n\r\rd \xC3\xA9";
        let expected = "a\nb\nc\n\n\n\nd \u{e9}\n\n";
        assert_eq!(lines(&[text]).await.unwrap(), expected);
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(lines(&bytes).await.unwrap(), expected);
    }

    #[tokio::test]
    async fn lines_longer_than_a_piece_stay_whole() {
        let long = vec![b'x'; 3 * PIECE];
        let text = lines(&[b"a\n", &long, b"\nb\n", &long, &long])
            .await
            .unwrap();
        let lengths: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(lengths, [1, 3 * PIECE, 1, 6 * PIECE, 0]);
    }

    #[tokio::test]
    async fn what_is_no_text_or_has_no_end_is_refused() {
        assert!(matches!(lines(&[b"a\xFF\n"]).await, Err(Broken::NotText)));
        let endless = vec![b'x'; LONGEST_LINE + 1];
        assert!(matches!(lines(&[&endless]).await, Err(Broken::EndlessLine)));
    }
}
