//! How text may look: colours, and how wide the screen is.

use std::io::IsTerminal;

use anstyle::{AnsiColor, Style as Ansi};

/// How text may look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether colours are written.
    pub colour: bool,
    /// How many columns there are; `None` where nobody knows, so that nothing is wrapped.
    pub width: Option<usize>,
}

/// What a piece of text means; colours follow from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text.
    #[default]
    Plain,
    /// What the eye should find first.
    Strong,
    /// What only matters on a second look.
    Faint,
    /// Something new.
    Added,
    /// Something that changes.
    Changed,
    /// Something that goes.
    Removed,
    /// Something that is only read.
    Read,
    /// Something went well, or nothing is to do.
    Good,
    /// Something to look at.
    Warning,
    /// Something failed.
    Bad,
}

impl Role {
    fn ansi(self) -> Ansi {
        let colour = |colour: AnsiColor| Ansi::new().fg_color(Some(colour.into()));
        match self {
            Self::Plain => Ansi::new(),
            Self::Strong => Ansi::new().bold(),
            Self::Faint => Ansi::new().dimmed(),
            Self::Added => colour(AnsiColor::Green),
            Self::Changed => colour(AnsiColor::Yellow),
            Self::Removed => colour(AnsiColor::Red),
            Self::Read => colour(AnsiColor::Cyan),
            Self::Good => colour(AnsiColor::Green).bold(),
            Self::Warning => colour(AnsiColor::Yellow).bold(),
            Self::Bad => colour(AnsiColor::Red).bold(),
        }
    }

    /// The text in this role's colours. The text must be harmless already.
    pub(super) fn paint(self, text: &str, style: Style) -> String {
        if !style.colour || self == Self::Plain || text.is_empty() {
            return text.to_owned();
        }
        let ansi = self.ansi();
        format!("{}{text}{}", ansi.render(), ansi.render_reset())
    }
}

/// What the environment says about colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ColourWishes {
    /// `--no-color`
    pub flag_off: bool,
    /// `NO_COLOR` is set and not empty.
    pub environment_off: bool,
    /// `CLICOLOR_FORCE` is set and neither empty nor `0`.
    pub forced: bool,
    /// `TERM` is `dumb`.
    pub dumb: bool,
}

impl ColourWishes {
    /// The wishes of this process's environment.
    pub fn from_environment(flag_off: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            flag_off,
            environment_off: set("NO_COLOR").is_some(),
            forced: set("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            dumb: set("TERM").is_some_and(|value| value == "dumb"),
        }
    }

    /// Whether to write colours: a wish for none wins, then a forced wish, then whether there is a terminal that can.
    pub fn allow(self, is_terminal: bool) -> bool {
        !self.flag_off && !self.environment_off && (self.forced || (is_terminal && !self.dumb))
    }
}

impl Style {
    /// No colours, no known width.
    pub fn plain() -> Self {
        Self::default()
    }

    /// No colours, so many columns.
    pub fn columns(width: usize) -> Self {
        Self { colour: false, width: Some(width) }
    }

    /// The style of this process's stdout.
    pub fn of_stdout(no_colour: bool) -> Self {
        let stdout = std::io::stdout();
        let width = stdout.is_terminal().then(|| terminal_size::terminal_size_of(&stdout)).flatten();
        Self::of(stdout.is_terminal(), width, no_colour)
    }

    /// The style of this process's stderr.
    pub fn of_stderr(no_colour: bool) -> Self {
        let stderr = std::io::stderr();
        let width = stderr.is_terminal().then(|| terminal_size::terminal_size_of(&stderr)).flatten();
        Self::of(stderr.is_terminal(), width, no_colour)
    }

    fn of(is_terminal: bool, size: Option<(terminal_size::Width, terminal_size::Height)>, no_colour: bool) -> Self {
        // Terminals of zero columns exist, in emulators that have not been told their size.
        let width = size.map(|(width, _)| usize::from(width.0)).filter(|width| *width >= 20);
        Self { colour: ColourWishes::from_environment(no_colour).allow(is_terminal), width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_for_no_colour_wins() {
        let forced = ColourWishes { forced: true, ..Default::default() };
        assert!(forced.allow(false));
        assert!(!ColourWishes { environment_off: true, ..forced }.allow(true));
        assert!(!ColourWishes { flag_off: true, ..forced }.allow(true));
        assert!(ColourWishes::default().allow(true));
        assert!(!ColourWishes::default().allow(false));
        assert!(!ColourWishes { dumb: true, ..Default::default() }.allow(true));
    }

    #[test]
    fn painting_closes_what_it_opens() {
        let colour = Style { colour: true, width: None };
        assert_eq!(Role::Added.paint("x", colour), "\x1b[32mx\x1b[0m");
        assert_eq!(Role::Added.paint("x", Style::plain()), "x");
    }
}
