//! What something that runs has said: lines, and what is wanted of them.

/// Which lines of a log are wanted, and whether those that come are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogWish {
    /// At most so many of the last lines that are there; `None` for all.
    pub tail: Option<usize>,
    /// Only lines that were written at this moment or later, RFC 3339 in UTC with milliseconds. Lines of which nobody knows when count as old.
    pub since: Option<String>,
    /// Whether lines are told as they come, until the reader has had enough.
    pub follow: bool,
}

/// One line. Secrets that its writer was given were replaced before it was written down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written, RFC 3339 in UTC with milliseconds, so that texts sort as moments do; `None` when nobody knows.
    pub time: Option<String>,
    /// What was said, without its line break. Anything may be in it: whoever shows it makes it harmless.
    pub text: String,
}

/// What a reader of a log is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogNews {
    /// One line, in order.
    Line(LogLine),
    /// Everything that was there when the log was asked for has been told; lines that follow are new.
    CaughtUp,
}

/// How the telling of a log ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogEnd {
    /// Everything wanted was told, or the reader had enough.
    Told,
    /// There is no log of this.
    NoLog,
}
