//! Route 53: zones and their records.

pub mod record;
pub mod zone;

use std::time::Duration;

use aws_sdk_route53::types::ChangeStatus;
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::Answer;
use crate::wait::{Standing, until};

/// How long a change may take to reach every name server. Source: "How Amazon Route 53 works" names 60 s; the rest is a choice of this project.
const SPREADING: Duration = Duration::from_secs(150);

/// The bare part of `/hostedzone/ID` and `/change/ID`.
fn bare(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// Waits until every name server knows of a change.
async fn spread(aws: &Account, change: &str) -> Result<(), Fault> {
    until(SPREADING, || async {
        let answer = aws.route53().get_change().id(bare(change)).send().await.of("route53:GetChange")?;
        let status = answer.change_info().map(|info| info.status());
        Ok(match status {
            Some(ChangeStatus::Pending) => Standing::Waiting("not known to every name server".to_owned()),
            _ => Standing::Ready(()),
        })
    })
    .await
}

/// A domain name as stacks write it: without the dot at its end, and with the letters that Route 53 shows as octal numbers.
fn written(name: &str) -> String {
    let mut text = String::new();
    let mut rest = name.strip_suffix('.').unwrap_or(name);
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let code = after.get(..3).and_then(|code| u32::from_str_radix(code, 8).ok()).and_then(char::from_u32);
        text.push(code.unwrap_or('\\'));
        rest = if code.is_some() { &after[3..] } else { after };
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::{bare, written};

    #[test]
    fn names_are_written_as_in_stacks() {
        assert_eq!(written("\\052.example.com."), "*.example.com");
        assert_eq!(written("_x.example.com"), "_x.example.com");
        assert_eq!(bare("/hostedzone/Z1"), "Z1");
    }
}
