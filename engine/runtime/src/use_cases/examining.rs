//! Looking for what is not in order: calls that are not settled, and what no stack accounts for.

use siac_core::deployment::Ledger;
use siac_core::model::event::Intent;
use siac_core::model::finding::{Accounts, Finding};
use siac_core::model::snapshot::Snapshot;

use crate::site::Site;
use crate::store::{Store, StoreError};

/// What of a stack is not finished.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// Whether the run that holds the lock lives; `None` when nobody holds it, or nobody can tell.
    pub holder_lives: Option<bool>,
    /// Calls whose outcome is not written down: of a run that is at work, or of one that was cut off.
    pub open: Vec<Intent>,
    /// Calls whose outcome nobody can tell: a person is asked.
    pub unknown: Vec<Intent>,
}

/// Looks for what of a stack is not finished. It is only read: no lock is taken, and nothing is settled.
///
/// # Errors
/// When the state cannot be read.
pub async fn unfinished(store: &Store) -> Result<Unfinished, StoreError> {
    let head = store.lock_status().await?;
    let holder_lives = match &head {
        Some(head) if head.holder.is_some() => store.holder_lives(head).await?,
        _ => None,
    };
    let latest = store.latest().await?;
    let snapshot = latest.map_or_else(|| Snapshot::empty(store.stack()), |latest| latest.snapshot);
    let ledger = Ledger::replay(snapshot, &store.unmerged().await?);
    Ok(Unfinished {
        holder_lives,
        open: ledger.open.into_values().map(|open| open.intent).collect(),
        unknown: ledger.snapshot.unsettled.into_values().collect(),
    })
}

/// A stack of the project, and what its state says.
pub struct Account {
    /// Its name, or the file that should say it.
    pub stack: String,
    /// The snapshot that counts, `None` before the first, and whether a run is at work or has left something; or why nobody can tell.
    pub state: Result<(Option<Snapshot>, bool), String>,
}

/// What these stacks account for together.
pub fn accounts(stacks: &[Account]) -> Accounts {
    let mut accounts = Accounts::default();
    for account in stacks {
        match &account.state {
            Err(why) => accounts.unread.push(format!("{}: {why}", account.stack)),
            Ok((snapshot, is_moving)) => {
                accounts.read.push(account.stack.clone());
                accounts.is_moving |= *is_moving;
                snapshot.iter().for_each(|snapshot| enter(snapshot, &mut accounts));
            }
        }
    }
    accounts
}

fn enter(snapshot: &Snapshot, accounts: &mut Accounts) {
    let owner = |address: &dyn std::fmt::Display| format!("{address} of the stack {}", snapshot.stack);
    for (address, record) in &snapshot.records {
        for object in record.object.iter().chain(record.deposed.values()) {
            accounts.owners.insert(object.remote.clone(), owner(address));
        }
    }
    for (op, intent) in &snapshot.unsettled {
        accounts.owners.insert(op.to_string(), owner(&intent.address));
    }
}

/// What every provider of this build finds. One that cannot tell says why, as a finding of its own would.
pub async fn examine(site: &Site, accounts: &Accounts) -> Vec<Result<Finding, String>> {
    let mut findings = Vec::new();
    for catalogue in site.catalogues.iter() {
        let name = catalogue.schema().name;
        let Some(provider) = (site.connect)(name) else { continue };
        match provider.examine(accounts).await {
            Ok(found) => findings.extend(found.into_iter().map(Ok)),
            Err(fault) => findings.push(Err(format!("the provider `{name}` cannot look: {fault}"))),
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use siac_core::model::identity::OpId;
    use siac_core::model::snapshot::Record;

    use super::*;
    use crate::store::samples::object;

    #[test]
    fn every_object_has_an_owner_and_what_could_not_be_read_is_named() {
        let mut snapshot = Snapshot::empty("shop");
        let deposed = BTreeMap::from([(OpId([2; 16]), object(2, "a"))]);
        let address = "local_file.a".parse().expect("an address");
        snapshot.records.insert(address, Record { object: Some(object(1, "a")), deposed });
        let accounts = accounts(&[
            Account { stack: "shop".into(), state: Ok((Some(snapshot), false)) },
            Account { stack: "young".into(), state: Ok((None, true)) },
            Account { stack: "sealed".into(), state: Err("no key".into()) },
        ]);
        assert_eq!(accounts.owners["thing-2"], "local_file.a of the stack shop");
        assert_eq!(accounts.owners.len(), 2);
        assert_eq!(
            (accounts.read, accounts.unread),
            (vec!["shop".into(), "young".into()], vec!["sealed: no key".into()])
        );
        assert!(accounts.is_moving);
    }
}
