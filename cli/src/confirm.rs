//! Asking before something is done. Where nobody can answer, the answer is no; nothing ever hangs.

use std::io::{self, BufRead, Write};

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// Go ahead.
    Given,
    /// Somebody said no, or said nothing.
    Refused,
    /// There is nobody to ask.
    NobodyToAsk,
}

/// What to say when there is nobody to ask.
pub const NOBODY_TO_ASK: &str =
    "this needs an approval, and there is no terminal to ask on; pass `--auto-approve` when that is meant";

/// Asks on the terminal of this process; `auto_approve` answers yes beforehand.
pub fn approval(question: &str, auto_approve: bool) -> io::Result<Approval> {
    use std::io::IsTerminal;
    let can_ask = io::stdin().is_terminal() && io::stderr().is_terminal();
    ask(question, auto_approve, can_ask, &mut io::stdin().lock(), &mut io::stderr())
}

/// Asks through `output` and reads the answer from `input`; only `yes` is a yes.
pub fn ask(
    question: &str,
    auto_approve: bool,
    can_ask: bool,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> io::Result<Approval> {
    match (auto_approve, can_ask) {
        (true, _) => return Ok(Approval::Given),
        (false, false) => return Ok(Approval::NobodyToAsk),
        (false, true) => {}
    }
    write!(output, "\n{} Only `yes` goes ahead: ", crate::sanitise::line(question))?;
    output.flush()?;
    let mut answer = String::new();
    input.read_line(&mut answer)?;
    Ok(if answer.trim() == "yes" { Approval::Given } else { Approval::Refused })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(answer: &str, auto_approve: bool, can_ask: bool) -> Approval {
        ask("Apply?", auto_approve, can_ask, &mut answer.as_bytes(), &mut Vec::new()).unwrap()
    }

    #[test]
    fn only_yes_is_a_yes() {
        assert_eq!(answered("yes\n", false, true), Approval::Given);
        for answer in ["", "\n", "y\n", "no\n", "yes please\n"] {
            assert_eq!(answered(answer, false, true), Approval::Refused, "{answer:?}");
        }
    }

    #[test]
    fn without_a_terminal_nobody_is_asked() {
        assert_eq!(answered("yes\n", false, false), Approval::NobodyToAsk);
        assert_eq!(answered("", true, false), Approval::Given);
    }
}
