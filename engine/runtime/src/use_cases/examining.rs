//! Looking for what no stack accounts for: orphans, and leftovers of what is gone.

use siac_core::model::finding::{Accounts, Finding};
use siac_core::model::snapshot::Snapshot;

use crate::site::Site;

/// A stack of the project, and what its state says.
pub struct Ledger {
    /// Its name, or the file that should say it.
    pub stack: String,
    /// The snapshot that counts, `None` before the first, and whether a run is at work or has left something; or why nobody can tell.
    pub state: Result<(Option<Snapshot>, bool), String>,
}

/// What these stacks account for together.
pub fn accounts(ledgers: &[Ledger]) -> Accounts {
    let mut accounts = Accounts::default();
    for ledger in ledgers {
        match &ledger.state {
            Err(why) => accounts.unread.push(format!("{}: {why}", ledger.stack)),
            Ok((snapshot, is_moving)) => {
                accounts.read.push(ledger.stack.clone());
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
            Ledger { stack: "shop".into(), state: Ok((Some(snapshot), false)) },
            Ledger { stack: "young".into(), state: Ok((None, true)) },
            Ledger { stack: "sealed".into(), state: Err("no key".into()) },
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
