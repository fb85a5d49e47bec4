//! Snapshots sealed and opened, and a store in a folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use siac_core::model::event::{Fact, Intent, Outcome, Verb};
use siac_core::model::identity::{Digest, StackUuid};
use siac_core::model::plan::{Operation, Plan, StepId};
use siac_core::model::schema::RecoveryClass;
use siac_core::model::secret::Secret;
use siac_core::model::snapshot::Snapshot;
use siac_core::ports::{DataKey, KeyProvider, WrappedKey};
use siac_engine::store::envelope::{self, Expected, Header, Kind, Salt};
use siac_engine::store::{Parts, Purpose, Session, Store, Wait, Writer, formats};
use siac_state_backends::local::LocalDirectory;
use siac_test_kit::chance::SeededEntropy;
use siac_test_kit::clock::VirtualClock;
use siac_test_kit::keys::CheapKey;

use crate::remember::{observed, remembered};
use crate::stack::NAME;

fn key() -> DataKey {
    Secret::new([7; 32])
}

fn recipient() -> WrappedKey {
    let text = || "benchmark".to_owned();
    WrappedKey { method: text(), key_id: text(), wrapped: String::new(), params: BTreeMap::new() }
}

/// The bytes of a snapshot's object.
pub fn seal(snapshot: &Snapshot) -> Vec<u8> {
    let header = Header {
        stack_uuid: StackUuid([1; 16]),
        stack_name: NAME.to_owned(),
        backend: Digest::of(b"a folder"),
        kind: Kind::Snapshot,
        epoch: 1,
        serial: snapshot.serial,
        parent_id: snapshot.parent,
        wal_base: 1,
        unpacked_limit: 0,
        salt: Salt([3; 32]),
        created_by: "siac".to_owned(),
        time: String::new(),
    };
    let payload = formats::write_snapshot(snapshot).expect("a snapshot can be written");
    envelope::seal(&header, &payload, &key(), &[recipient()]).expect("a snapshot can be sealed").bytes
}

/// The snapshot in an object's bytes.
pub fn open(bytes: &[u8]) -> Snapshot {
    let expected = Expected::new(Kind::Snapshot, StackUuid([1; 16]), NAME);
    let unopened = envelope::parse(bytes).expect("what was sealed can be parsed");
    let opened = unopened.open(&key(), &expected).expect("what was sealed can be opened");
    formats::read_snapshot(&opened.payload).expect("what was written can be read")
}

/// Takes the lock of a store in a folder on the disk.
pub async fn session(folder: &Path) -> Session {
    let directory = Arc::new(LocalDirectory::open(folder, false).expect("the folder can hold a state"));
    let parts = Parts {
        stack: NAME.to_owned(),
        backend: "a folder".to_owned(),
        register: directory.clone(),
        blobs: directory,
        keys: vec![Arc::new(CheapKey::named("benchmark")) as Arc<dyn KeyProvider>],
        clock: Arc::new(VirtualClock::default()),
        entropy: Arc::new(SeededEntropy::new(1)),
        writer: Writer::default(),
        witness: None,
        accept_rollback: false,
    };
    let session = Store::open(parts).acquire(Purpose::Apply, &Wait::default(), &mut |_| {}).await;
    session.expect("nobody else has the lock")
}

/// What is journaled of the creates of a plan, one by one: the intent, then the outcome.
pub fn facts(plan: &Plan) -> Vec<Fact> {
    let snapshot = remembered(plan);
    let creates = (0..).map(StepId).zip(&plan.steps).filter_map(|(id, step)| match &step.operation {
        Operation::Create { inputs, becoming } => Some((id, step, inputs, becoming)),
        _ => None,
    });
    creates
        .flat_map(|(step_id, step, inputs, becoming)| {
            let object = snapshot.object(&step.address).expect("every create is remembered");
            let intent = Intent {
                op: object.op,
                step: step_id,
                undoing: false,
                address: step.address.clone(),
                provider: step.provider.clone(),
                verb: Verb::Create,
                inputs: inputs.clone(),
                remote: None,
                deposed: None,
                becoming: Some(becoming.clone()),
                class: RecoveryClass::Token,
            };
            let outcome = Box::new(Outcome::Present(observed(object)));
            [Fact::Intended(Box::new(intent)), Fact::Settled { op: object.op, outcome }]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use siac_core::planning::Options;
    use siac_engine::journal::Journal;

    use super::*;
    use crate::stack::{catalogues, loaded, planned};

    fn plan() -> Box<Plan> {
        let catalogues = catalogues();
        let (stack, loaded) = loaded(100, &catalogues);
        planned(&stack, &loaded, &Snapshot::empty(NAME), &catalogues, &Options::default())
    }

    #[test]
    fn what_is_sealed_is_opened_again() {
        let snapshot = remembered(&plan());
        assert_eq!(open(&seal(&snapshot)), snapshot);
    }

    #[test]
    fn facts_are_appended_to_a_journal_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let facts = facts(&plan());
        assert_eq!(facts.len(), 200);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut session = session(folder.path()).await;
            for pair in facts.chunks(2) {
                session.append(pair).await.unwrap();
            }
        });
        let found = walk(folder.path());
        assert!(found >= 100, "{found} files below {}", folder.path().display());
    }

    fn walk(folder: &Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| if path.is_dir() { walk(&path) } else { 1 }).sum()
    }
}
