//! Where the characters of a text stand in its file, although escapes and interpolations shift them.

use std::ops::Range;

use crate::model::diagnostic::Span;

/// Maps offsets in a decoded text to offsets in the file that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    whole: Span,
    /// From this offset of the text on, bytes correspond one to one to the file, from that offset; sorted.
    runs: Vec<(usize, u32)>,
}

impl Placement {
    /// A text that stands in the file as it is, from `start` on; `end` is one past its last byte.
    pub fn linear(file: u32, start: u32, end: u32) -> Self {
        Self { whole: Span { file, start, end }, runs: vec![(0, start)] }
    }

    /// A text that stands in the file in pieces: from each offset of the text on, at that offset of the file.
    pub fn mapped(whole: Span, runs: Vec<(usize, u32)>) -> Self {
        Self { whole, runs }
    }

    /// A text whose parts cannot be told apart: every place in it is the whole.
    pub fn opaque(whole: Span) -> Self {
        Self { whole, runs: Vec::new() }
    }

    /// The place of the whole text.
    pub fn whole(&self) -> Span {
        self.whole
    }

    /// The place of a part of the text.
    pub fn span(&self, range: Range<usize>) -> Span {
        match (self.offset(range.start), self.offset(range.end.saturating_sub(1).max(range.start))) {
            (Some(start), Some(last)) => {
                let start = start.clamp(self.whole.start, self.whole.end);
                Span { start, end: (last.saturating_add(1)).clamp(start, self.whole.end.max(start)), ..self.whole }
            }
            _ => self.whole,
        }
    }

    /// The placement of the text without its first bytes.
    #[must_use]
    pub fn skip(&self, bytes: usize) -> Self {
        let shifted = self.runs.iter().map(|(text, file)| match text.checked_sub(bytes) {
            Some(text) => (text, *file),
            None => (0, file.saturating_add(u32::try_from(bytes - text).unwrap_or(u32::MAX))),
        });
        let mut runs: Vec<(usize, u32)> = shifted.collect();
        let first = runs.iter().rposition(|(text, _)| *text == 0).unwrap_or(0);
        runs.drain(..first);
        Self { whole: self.whole, runs }
    }

    fn offset(&self, at: usize) -> Option<u32> {
        let run = self.runs.partition_point(|(text, _)| *text <= at).checked_sub(1)?;
        let (text, file) = self.runs[run];
        file.checked_add(u32::try_from(at - text).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_shift_what_follows_them() {
        let whole = Span { file: 3, start: 10, end: 30 };
        // The text `a"${x}` from the file's `a\"${x}`, which starts at 11.
        let placement = Placement::mapped(whole, vec![(0, 11), (1, 12), (2, 14)]);
        assert_eq!(placement.span(4..5), Span { file: 3, start: 16, end: 17 });
        assert_eq!(placement.skip(2).span(2..3), Span { file: 3, start: 16, end: 17 });
        assert_eq!(Placement::opaque(whole).span(4..5), whole);
    }

    #[test]
    fn places_never_leave_the_whole() {
        let placement = Placement::linear(0, 5, 9);
        assert_eq!(placement.span(2..100), Span { file: 0, start: 7, end: 9 });
    }
}
