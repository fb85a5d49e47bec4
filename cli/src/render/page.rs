//! Text on its way to the screen: lines of marked pieces, made harmless and laid out when they are written.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::style::{Role, Style};
use crate::sanitise;

/// What a line does when it is wider than the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Overflow {
    /// It goes on; terminals fold it.
    #[default]
    Leave,
    /// It is broken between words, and goes on below, this much further in than the first piece.
    Wrap(usize),
}

/// One line: an indentation and pieces, each with its role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    indent: usize,
    pieces: Vec<(Role, String)>,
    overflow: Overflow,
}

impl Line {
    /// An empty line so many columns in.
    pub fn new(indent: usize) -> Self {
        Self { indent, ..Self::default() }
    }

    /// Prose: broken between words where the screen ends, with the following lines `hang` columns further in.
    pub fn prose(indent: usize, hang: usize) -> Self {
        Self { indent, overflow: Overflow::Wrap(hang), ..Self::default() }
    }

    /// With ordinary text at its end.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.piece(Role::Plain, text)
    }

    /// With text of this role at its end.
    #[must_use]
    pub fn piece(mut self, role: Role, text: impl Into<String>) -> Self {
        self.push(role, text);
        self
    }

    /// Adds text of this role.
    pub fn push(&mut self, role: Role, text: impl Into<String>) {
        self.pieces.push((role, text.into()));
    }

    /// Adds the pieces of another line.
    pub fn join(&mut self, other: Line) {
        self.pieces.extend(other.pieces);
    }

    /// How many columns its text takes, without the indentation.
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| sanitise::line(text).width()).sum()
    }

    /// How far in it begins.
    pub fn indent(&self) -> usize {
        self.indent
    }

    /// The pieces, harmless; what CI systems take as a command is broken even where it spans pieces.
    pub(super) fn harmless_pieces(&self) -> Vec<(Role, String)> {
        let mut pieces: Vec<(Role, String)> =
            self.pieces.iter().map(|(role, text)| (*role, sanitise::line(text).into_owned())).collect();
        let whole: String = pieces.iter().map(|(_, text)| text.as_str()).collect();
        // From the end, so that earlier places stay where they are.
        for place in sanitise::command_places(&whole).into_iter().rev() {
            escape_at(&mut pieces, place);
        }
        pieces
    }

    fn write(&self, style: Style, text: &mut String) {
        let pieces = self.harmless_pieces();
        let pieces = match (self.overflow, style.width) {
            (Overflow::Wrap(hang), Some(width)) => wrapped(pieces, self.indent, hang, width),
            _ => pieces,
        };
        if pieces.iter().any(|(_, text)| !text.is_empty()) {
            text.push_str(&" ".repeat(self.indent));
        }
        pieces.iter().for_each(|(role, piece)| text.push_str(&role.paint(piece, style)));
        text.push('\n');
    }
}

/// Replaces the ASCII character at a byte offset of the joined pieces by a visible escape.
fn escape_at(pieces: &mut [(Role, String)], mut place: usize) {
    for (_, text) in pieces {
        if place < text.len() {
            let escape = format!("\\x{:02x}", text.as_bytes()[place]);
            text.replace_range(place..=place, &escape);
            return;
        }
        place -= text.len();
    }
}

/// The pieces with line breaks where words would cross the right margin.
fn wrapped(pieces: Vec<(Role, String)>, indent: usize, hang: usize, width: usize) -> Vec<(Role, String)> {
    let mut column = indent;
    let mut may_break = false;
    let mut laid: Vec<(Role, String)> = Vec::with_capacity(pieces.len());
    for (role, text) in pieces {
        laid.push((role, String::with_capacity(text.len())));
        for word in text.split_inclusive(' ') {
            // A line that begins with a colon might be a command to a CI system.
            if may_break && !word.starts_with(':') && column + word.trim_end().width() > width {
                break_line(&mut laid, indent + hang);
                column = indent + hang;
            }
            if let Some((_, out)) = laid.last_mut() {
                out.push_str(word);
            }
            column += word.width();
            may_break = word.ends_with(' ');
        }
    }
    laid
}

/// Ends the line in the last piece and begins the next one so many columns in.
fn break_line(laid: &mut [(Role, String)], column: usize) {
    for (_, text) in laid.iter_mut().rev() {
        text.truncate(text.trim_end_matches(' ').len());
        if !text.is_empty() {
            break;
        }
    }
    if let Some((_, last)) = laid.last_mut() {
        last.push('\n');
        last.push_str(&" ".repeat(column));
    }
}

/// Lines in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page(Vec<Line>);

impl Page {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line.
    pub fn push(&mut self, line: Line) {
        self.0.push(line);
    }

    /// Adds the lines of another page.
    pub fn append(&mut self, other: Page) {
        self.0.extend(other.0);
    }

    /// Adds an empty line, unless the page is empty or ends with one.
    pub fn gap(&mut self) {
        if self.0.last().is_some_and(|line| !line.pieces.is_empty()) {
            self.push(Line::default());
        }
    }

    /// Adds the lines of another page behind an empty line; nothing when it has none.
    pub fn section(&mut self, other: Page) {
        if !other.is_empty() {
            self.gap();
            self.append(other);
        }
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lines.
    pub fn lines(&self) -> &[Line] {
        &self.0
    }

    /// The text: harmless, in colours where the style has them, each line ended.
    pub fn write(&self, style: &Style) -> String {
        self.0.iter().fold(String::new(), |mut text, line| {
            line.write(*style, &mut text);
            text
        })
    }
}

impl Extend<Line> for Page {
    fn extend<T: IntoIterator<Item = Line>>(&mut self, lines: T) {
        self.0.extend(lines);
    }
}

/// Columns of text under a head, as wide as needed; the last column is not padded.
pub fn table(head: &[&str], rows: &[Vec<(Role, String)>]) -> Page {
    let mut widths: Vec<usize> = head.iter().map(|title| title.width()).collect();
    for row in rows {
        for (at, (_, cell)) in row.iter().enumerate().take(widths.len()) {
            widths[at] = widths[at].max(sanitise::line(cell).width());
        }
    }
    let titles: Vec<_> = head.iter().map(|title| (Role::Strong, (*title).to_owned())).collect();
    let mut page = Page::new();
    page.extend(std::iter::once(&titles).chain(rows).map(|row| table_row(row, &widths)));
    page
}

fn table_row(cells: &[(Role, String)], widths: &[usize]) -> Line {
    let mut line = Line::new(0);
    for (at, (role, cell)) in cells.iter().enumerate() {
        line.push(*role, cell);
        if at + 1 < cells.len() {
            let used = sanitise::line(cell).width();
            line.push(Role::Plain, " ".repeat(widths.get(at).map_or(0, |width| width.saturating_sub(used)) + 2));
        }
    }
    line
}

/// The text cut to so many columns, with `…` where something is missing.
pub fn clipped(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut used = 0;
    let mut short: String = text
        .chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used < columns
        })
        .collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_pieces_are_harmless_even_together() {
        let mut page = Page::new();
        page.push(Line::new(2).text(":").piece(Role::Added, ":error::x\x1b[2J"));
        page.push(Line::new(0).text("a #").text("#").piece(Role::Bad, "[group]"));
        assert_eq!(page.write(&Style::plain()), "  \\x3a:error::x\\x1b[2J\na ##\\x5bgroup]\n");
    }

    #[test]
    fn prose_is_broken_between_words() {
        let mut page = Page::new();
        page.push(Line::prose(2, 2).text("one two three ").piece(Role::Strong, "four five"));
        assert_eq!(page.write(&Style::columns(12)), "  one two\n    three\n    four\n    five\n");
        assert_eq!(page.write(&Style::plain()), "  one two three four five\n");
        let mut commands = Page::new();
        commands.push(Line::prose(0, 0).text("one two ::error::x"));
        assert_eq!(commands.write(&Style::columns(10)), "one two ::error::x\n");
    }

    #[test]
    fn tables_align_by_what_is_seen() {
        let row = |a: &str, b: &str| vec![(Role::Plain, a.to_owned()), (Role::Plain, b.to_owned())];
        let text = table(&["a", "b"], &[row("日本", "x"), row("q", "y")]).write(&Style::plain());
        assert_eq!(text, "a     b\n日本  x\nq     y\n");
    }

    #[test]
    fn clipping_counts_columns() {
        assert_eq!(clipped("abcdef", 4), "abc…");
        assert_eq!(clipped("日本語", 5), "日本…");
        assert_eq!(clipped("abc", 3), "abc");
    }
}
