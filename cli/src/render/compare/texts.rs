//! Texts of several lines, written line by line.

use similar::{ChangeTag, TextDiff};

use super::{Drawing, Mark, Slot};
use crate::arguments::Detail;
use crate::render::page::Line;
use crate::render::style::Role;
use crate::render::words::counted;

/// How many unchanged lines stay around a change.
const AROUND: usize = 3;
/// Texts with more lines than this, both together, are not compared, only counted: comparing may take the square of it.
const MOST_LINES: usize = 6_000;

impl Drawing<'_> {
    /// A text of several lines that is new, goes or stays.
    pub(super) fn whole_text(&mut self, slot: &Slot, mark: Mark, text: &str) {
        self.open(slot, mark, "<<-EOT");
        let lines = text.lines().count();
        for line in text.lines().take(self.most_shown()) {
            self.page.push(Line::new(slot.indent + 4 + self.gutter()).text(line));
        }
        self.left_out(slot.indent + 4, lines.saturating_sub(self.most_shown()), "line");
        self.end_note(slot, text.ends_with('\n'));
        self.close(slot, "EOT");
    }

    pub(super) fn text_change(&mut self, slot: &Slot, before: &str, after: &str) {
        self.open(slot, Mark::Changed, "<<-EOT");
        let (old, new) = (before.lines().count(), after.lines().count());
        if old + new > MOST_LINES {
            let words = format!("# {} -> {}; too long to compare here", counted(old, "line"), counted(new, "line"));
            self.page.push(Line::new(slot.indent + 4 + self.gutter()).piece(Role::Faint, words));
        } else {
            self.changed_lines(slot, before, after);
        }
        match (before.ends_with('\n'), after.ends_with('\n')) {
            (true, false) => self.remark(slot, "# the line break at the end goes"),
            (false, true) => self.remark(slot, "# a line break is added at the end"),
            (_, ends) => self.end_note(slot, ends),
        }
        self.close(slot, "EOT");
    }

    fn changed_lines(&mut self, slot: &Slot, before: &str, after: &str) {
        let (old, new): (Vec<&str>, Vec<&str>) = (split(before), split(after));
        let diff = TextDiff::from_slices(&old, &new);
        let around = if self.manner.detail == Detail::Full { old.len() + new.len() } else { AROUND };
        let mut seen = 0;
        for group in diff.grouped_ops(around) {
            let start = group.first().map_or(0, |operation| operation.old_range().start);
            self.hidden(slot.indent + 4, start - seen, "line");
            seen = group.last().map_or(seen, |operation| operation.old_range().end);
            for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
                self.text_line(slot, change.tag(), change.value());
            }
        }
        self.hidden(slot.indent + 4, old.len() - seen, "line");
    }

    fn text_line(&mut self, slot: &Slot, tag: ChangeTag, text: &str) {
        let mark = match tag {
            ChangeTag::Equal => Mark::Same,
            ChangeTag::Delete => Mark::Removed,
            ChangeTag::Insert => Mark::Added,
        };
        self.page.push(Line::new(slot.indent + 4).piece(mark.role(), format!("{} {text}", mark.symbol())));
    }

    fn end_note(&mut self, slot: &Slot, ends_with_break: bool) {
        if !ends_with_break {
            self.remark(slot, "# no line break at the end");
        }
    }

    fn remark(&mut self, slot: &Slot, words: &str) {
        self.page.push(Line::new(slot.indent + 4 + self.gutter()).piece(Role::Faint, words));
    }
}

/// The lines of a text without their line feeds; a line feed at the very end begins no line. Carriage returns stay, so that a change
/// of line endings is seen.
fn split(text: &str) -> Vec<&str> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.split('\n').collect()
}
