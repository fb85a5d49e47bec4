//! What the exit codes mean: one table for the program, its help and its documentation.

use std::fmt::Write;
use std::process::ExitCode;

/// How a run ended, as a script sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// An error; nothing was changed unless the message says so.
    Error,
    /// There are changes; only with `--detailed-exitcode`.
    Changes,
    /// A policy or a limit refused the plan.
    Refused,
    /// Someone else holds the lock.
    LockHeld,
    /// The plan is stale: the state or the configuration moved since.
    StalePlan,
    /// The apply failed and everything it did was undone.
    RolledBack,
    /// The apply failed and not everything it did is undone.
    UndoIncomplete,
    /// The plan costs more than is allowed.
    CostLimit,
    /// Nobody approved.
    NotApproved,
    /// The lock was lost while working; nothing new was started after that.
    LockLost,
    /// Nobody can tell how a call ended.
    OutcomeUnknown,
    /// Something that runs is not healthy; only with `siac status --detailed-exitcode`.
    Unhealthy,
    /// Interrupted; what was done is recorded.
    Interrupted,
}

impl Exit {
    /// Every way to end, in order of code.
    pub const ALL: [Exit; 14] = [
        Self::Done,
        Self::Error,
        Self::Changes,
        Self::Refused,
        Self::LockHeld,
        Self::StalePlan,
        Self::RolledBack,
        Self::UndoIncomplete,
        Self::CostLimit,
        Self::NotApproved,
        Self::LockLost,
        Self::OutcomeUnknown,
        Self::Unhealthy,
        Self::Interrupted,
    ];

    /// The number that the process exits with.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Refused => 10,
            Self::LockHeld => 11,
            Self::StalePlan => 12,
            Self::RolledBack => 13,
            Self::UndoIncomplete => 14,
            Self::CostLimit => 15,
            Self::NotApproved => 16,
            Self::LockLost => 17,
            Self::OutcomeUnknown => 18,
            Self::Unhealthy => 19,
            Self::Interrupted => 130,
        }
    }

    /// What it means, and what to do; a sentence without a full stop.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing to do",
            Self::Error => "an error; the message says what to do",
            Self::Changes => "there are changes (only with `--detailed-exitcode`)",
            Self::Refused => "a policy or a limit such as `--no-destroy` refused the plan",
            Self::LockHeld => "someone else holds the lock; try again later, or see `siac lock status`",
            Self::StalePlan => "the plan is stale: the state or the configuration moved since; plan again",
            Self::RolledBack => "the apply failed, and everything it did was undone",
            Self::UndoIncomplete => {
                "the apply failed, and not everything it did is undone; plan again to see what is left"
            }
            Self::CostLimit => "the plan costs more than the limit allows",
            Self::NotApproved => "nobody approved; pass `--auto-approve` where there is no terminal",
            Self::LockLost => "the lock was lost while working; nothing new was started after that",
            Self::OutcomeUnknown => "the outcome of a call is not known; run `siac recover`",
            Self::Unhealthy => {
                "something that runs is not healthy, or could not be looked at (only `siac status --detailed-exitcode`)"
            }
            Self::Interrupted => "interrupted; what was done is recorded, and the next run recovers",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The table that `siac help exit-codes` prints.
pub fn table() -> String {
    Exit::ALL.iter().fold(String::from("exit codes\n\n"), |mut text, exit| {
        let _ = writeln!(text, "  {:>3}  {}", exit.code(), exit.meaning());
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_sorted() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{codes:?}");
    }

    #[test]
    fn the_documentation_lists_exactly_these_codes() {
        let page = include_str!("../../docs/reference/exit-codes.md");
        let documented: Vec<&str> =
            page.lines().filter(|line| line.starts_with("| ") && !line.contains("code |")).collect();
        let expected: Vec<String> =
            Exit::ALL.iter().map(|exit| format!("| {} | {} |", exit.code(), exit.meaning())).collect();
        assert_eq!(documented, expected);
    }
}
