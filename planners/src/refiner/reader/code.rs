//! Lines that are not prose: code between fences, an answer that is fenced as a whole, and calls of tools.

use super::{Fence, OMISSION, Reader, places, separates};

impl Reader<'_> {
    /// A line that calls a tool or ends a plan: what small models write when they should answer. Nothing is called, and
    /// nothing of it is shown.
    pub(super) fn call_line(&mut self, ended: bool) -> Option<bool> {
        let line = match self.held.find('\n') {
            Some(end) => &self.held[..end],
            None if ended => &self.held,
            None => return Some(false),
        };
        let json: serde_json::Value = serde_json::from_str(line.trim()).ok()?;
        let is_call = ["tool", "answer", "decline", "done", "steps"]
            .iter()
            .any(|key| json.get(key).is_some());
        if !is_call {
            return None;
        }
        self.take(line.len());
        Some(true)
    }

    /// A line that begins or ends code; nothing where it does neither.
    pub(super) fn fence_line(&mut self, sign: char, ended: bool) -> Option<bool> {
        let signs = self.held.chars().take_while(|each| *each == sign).count();
        if signs < 3 {
            return (signs == self.held.len() && !ended).then_some(false);
        }
        let end = match self.held.find('\n') {
            Some(end) => end + 1,
            None if ended => self.held.len(),
            None => return Some(false),
        };
        let line = self.take(end);
        let language = line.trim().trim_start_matches(sign).to_lowercase();
        let wraps = matches!(language.as_str(), "" | "markdown" | "md" | "text");
        match self.fence {
            Some(Fence::Wrapper(opened)) if opened == sign && language.is_empty() => {
                self.fence = None;
            }
            None if !self.has_said_something && wraps => self.fence = Some(Fence::Wrapper(sign)),
            _ => {
                self.fence = Some(Fence::Code(sign));
                let line = self.checked_line(&line);
                self.raw(&line);
            }
        }
        Some(true)
    }

    /// A line of code: a mark in it is cited behind the code, and names that are not known are left out.
    pub(super) fn code_line(&mut self, sign: char, ended: bool) -> bool {
        let end = match self.held.find('\n') {
            Some(end) => end + 1,
            None if ended => self.held.len(),
            None => return false,
        };
        let line = self.take(end);
        let fence = line.trim();
        if fence.len() >= 3 && fence.chars().all(|each| each == sign) {
            self.fence = None;
            self.is_at_line_start = true;
            self.raw(&line);
            for index in std::mem::take(&mut self.after_code) {
                self.cite(index);
            }
            return true;
        }
        let line = self.checked_line(&line);
        self.raw(&line);
        true
    }

    fn checked_line(&mut self, line: &str) -> String {
        let line = self.without_marks(line);
        let words = line.split_inclusive(|each: char| separates(each));
        words.map(|word| self.checked(word)).collect()
    }

    fn without_marks(&mut self, line: &str) -> String {
        let mut text = String::new();
        let mut rest = line;
        while let Some(start) = rest.find("[[") {
            let Some(end) = rest[start..].find("]]").map(|end| start + end) else {
                break;
            };
            let (mark, whole) = (&rest[start + 2..end], &rest[start..end + 2]);
            text.push_str(&rest[..start]);
            let is_mark = !mark.contains(char::is_whitespace) && !mark.is_empty();
            match self.citable.exactly(mark) {
                Some(index) => self.after_code.push(index),
                None if is_mark && !self.citable.is_known(whole) => self.left_out += 1,
                None => text.push_str(whole),
            }
            rest = &rest[end + 2..];
        }
        text + rest
    }

    fn checked(&mut self, word: &str) -> String {
        let core = word.trim_end_matches(|each: char| separates(each) || ".,:;!?".contains(each));
        if !places::is_place(core) || self.citable.is_known(core) {
            return word.to_owned();
        }
        self.left_out += 1;
        format!("{OMISSION}{}", &word[core.len()..])
    }
}
