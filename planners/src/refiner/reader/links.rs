//! Marks, links, pictures and tags: what may cite something, and what the rest of it becomes.

use medley_orchestrator::Kind;

use super::{Reader, places};

/// The longest mark, in bytes.
const MARK: usize = 120;

/// The longest link or tag, in bytes.
const LINK: usize = 600;

/// Tags of HTML that show something.
const SHOWING: [&str; 8] = [
    "img", "audio", "video", "source", "iframe", "embed", "object", "picture",
];

impl Reader<'_> {
    /// `[[mark]]`, `[link](address)`, or just a bracket.
    pub(super) fn bracket(&mut self, ended: bool) -> bool {
        if self.held.len() == 1 && !ended {
            return false;
        }
        if !self.held.starts_with("[[") {
            return self.link(0, false, ended);
        }
        if let Some(end) = self.end_of_mark() {
            // `[[s2.image[0]]]` ends one bracket later.
            let Some(longer) = self.held[end..].chars().nth(2) else {
                if !ended {
                    return false;
                }
                return self.mark(end);
            };
            return self.mark(end + usize::from(longer == ']'));
        }
        let is_open = self.held.len() <= MARK && !self.held.contains('\n');
        if is_open && !ended {
            return false;
        }
        if is_open {
            // Cut off in the middle of a mark.
            let mark = self.take(self.held.len());
            match self.citable.exactly(mark.trim_matches(['[', ']'])) {
                Some(index) => self.cite(index),
                None => self.leave_out(),
            }
            return true;
        }
        self.take(2);
        self.say("[[");
        true
    }

    /// Where the mark at the beginning ends, before its brackets.
    fn end_of_mark(&self) -> Option<usize> {
        let end = self.held.find("]]")?;
        let is_mark = end <= MARK && !self.held[..end].contains('\n');
        is_mark.then_some(end)
    }

    fn mark(&mut self, end: usize) -> bool {
        let whole = self.take(end + 2);
        let mark = &whole[2..end];
        let named = self.citable.exactly(mark);
        match named.or_else(|| self.citable.nearly(mark)) {
            Some(index) => self.cite(index),
            None => self.leave_out(),
        }
        true
    }

    /// `[label](address)` or `![label](address)`, whose bracket stands at `start`.
    pub(super) fn link(&mut self, start: usize, shows: bool, ended: bool) -> bool {
        let line = self.held.split('\n').next().unwrap_or_default();
        let may_go_on = !ended && line.len() == self.held.len() && line.len() <= LINK;
        let Some(label) = line[start + 1..].find(']').map(|end| start + 1 + end) else {
            return self.unfinished(start + 1, may_go_on);
        };
        match line[label + 1..].chars().next() {
            None if may_go_on => return false,
            Some('(') => {}
            _ => return self.bracketed(start, label),
        }
        let Some(end) = line[label + 2..].find(')').map(|end| label + 2 + end) else {
            return self.unfinished(start + 1, may_go_on);
        };
        let target = line[label + 2..end]
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_owned();
        let words = line[start + 1..label].to_owned();
        let is_known = self.citable.is_known(&target) && !target.is_empty();
        let cited = self.target(&target, shows);
        let whole = self.take(end + 1);
        match cited {
            Some(index) if shows => self.cite(index),
            // The label is read like any other text, and the file stands behind it.
            Some(index) => {
                let mark = self.citable.item(index).map(|item| item.mark.clone());
                self.held = format!("{words} [[{}]]{}", mark.unwrap_or_default(), self.held);
            }
            None if is_known && !shows => self.say(&whole),
            None if shows => self.leave_out(),
            None => {
                self.left_out += 1;
                self.held.insert_str(0, &words);
            }
        }
        true
    }

    /// What a link leads to, if that is something to be cited.
    fn target(&self, target: &str, shows: bool) -> Option<usize> {
        let name = target.rsplit('/').next().unwrap_or(target);
        let named = self.citable.exactly(target);
        let named = named.or_else(|| self.citable.exactly(name));
        if named.is_some() || (self.citable.is_known(target) && !shows) {
            return named;
        }
        let meant = self.citable.nearly(target);
        let meant = meant.or_else(|| self.citable.instead_of(target));
        let mut pictures = self.citable.made(Kind::Image);
        let picture = || {
            pictures
                .next()
                .filter(|_| shows && pictures.next().is_none())
        };
        meant.or_else(picture)
    }

    /// `[mark]`, where nothing but a mark is written so; otherwise the bracket is said.
    fn bracketed(&mut self, start: usize, label: usize) -> bool {
        let mark = &self.held[start + 1..label];
        let is_mark = mark.starts_with(|each: char| each.is_ascii_alphabetic() || each == '$');
        if let Some(index) = self.citable.exactly(mark).filter(|_| is_mark) {
            self.take(label + 1);
            self.cite(index);
            return true;
        }
        self.unfinished(start + 1, false)
    }

    /// `<img src="...">`, `<https://...>`, or a sign.
    pub(super) fn tag(&mut self, ended: bool) -> bool {
        let line = self.held.split('\n').next().unwrap_or_default();
        let may_go_on = !ended && line.len() == self.held.len() && line.len() <= LINK;
        match line[1..].chars().next() {
            None if may_go_on => return false,
            Some(each) if each.is_ascii_alphabetic() || each == '/' => {}
            _ => return self.unfinished(1, false),
        }
        let Some(end) = line.find('>') else {
            return self.unfinished(1, may_go_on);
        };
        let inner = line[1..end].to_owned();
        let name = inner.trim_start_matches('/').to_lowercase();
        let name = name.split([' ', '/']).next().unwrap_or_default();
        if places::is_place(&inner) && !inner.contains(char::is_whitespace) {
            self.take(end + 1);
            self.place(&inner);
        } else if SHOWING.contains(&name) {
            self.take(end + 1);
            let source = inner.split("src=").nth(1).map(|rest| {
                let quoted = rest.trim_start_matches(['"', '\'']);
                quoted.split(['"', '\'', ' ']).next().unwrap_or_default()
            });
            match source.and_then(|source| self.target(source, name == "img")) {
                Some(index) => self.cite(index),
                None if source.is_some() => self.leave_out(),
                None => self.is_after_mark = true,
            }
        } else if name == "a" {
            self.take(end + 1);
        } else {
            return self.unfinished(1, false);
        }
        true
    }
}
