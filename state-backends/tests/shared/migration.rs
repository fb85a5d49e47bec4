//! One state that travels between every two kinds of places, carried by processes that are killed again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use siac_core::model::snapshot::Snapshot;
use siac_core::ports::{Blobs, Hold, Put, Register, StoreFault, Version};
use siac_engine::journal::Journal;
use siac_engine::store::{Leaving, Migrated, Store, StoreError, Takeover, Wait};

use crate::places::{Parcel, Place, World, acquire, fact};
use crate::runs::{Run, die, say};

/// Every way from one of four places to another, each once, in one journey.
const JOURNEY: [usize; 13] = [0, 1, 2, 3, 0, 2, 0, 3, 1, 3, 2, 1, 0];

/// A store that kills its process at one of its operations: before it when its number is even, after it when it is odd.
struct Mortal<T: ?Sized> {
    inner: Arc<T>,
    count: Arc<AtomicU64>,
    last: u64,
}

impl<T: ?Sized> Mortal<T> {
    async fn until_death<A>(&self, operation: impl Future<Output = A>) -> A {
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        if number == self.last && number.is_multiple_of(2) {
            die();
        }
        let answer = operation.await;
        if number == self.last {
            die();
        }
        answer
    }
}

#[async_trait]
impl Register for Mortal<dyn Register> {
    async fn read(&self) -> Result<Option<(Vec<u8>, Version)>, StoreFault> {
        self.until_death(self.inner.read()).await
    }

    async fn cas(&self, expected: Option<&Version>, content: Vec<u8>, hold: Hold) -> Result<Version, StoreFault> {
        self.until_death(self.inner.cas(expected, content, hold)).await
    }

    fn patience(&self) -> Option<Duration> {
        self.inner.patience()
    }

    fn keeps_others_out(&self) -> bool {
        self.inner.keeps_others_out()
    }
}

#[async_trait]
impl Blobs for Mortal<dyn Blobs> {
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreFault> {
        self.until_death(self.inner.get(name)).await
    }

    async fn put_new(&self, name: &str, bytes: Vec<u8>) -> Result<Put, StoreFault> {
        self.until_death(self.inner.put_new(name, bytes)).await
    }

    async fn replace(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreFault> {
        self.until_death(self.inner.replace(name, bytes)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreFault> {
        self.until_death(self.inner.list(prefix)).await
    }

    async fn delete(&self, name: &str) -> Result<(), StoreFault> {
        self.until_death(self.inner.delete(name)).await
    }
}

/// What was opened, mortal.
fn mortal((register, blobs): Parcel, count: &Arc<AtomicU64>, last: u64) -> Parcel {
    let register = Mortal { inner: register, count: count.clone(), last };
    let blobs = Mortal { inner: blobs, count: count.clone(), last };
    (Arc::new(register), Arc::new(blobs))
}

async fn migrate(from: &Store, to: &Store) -> Result<Migrated, StoreError> {
    let wait = Wait { timeout: Duration::ZERO, takeover: Takeover::Automatic };
    from.migrate(to, &wait, &mut |_| {}).await
}

/// Migrates, and is killed at the operation of this number, if there are so many.
pub async fn migrate_and_die(from: &Place, to: &Place, last: u64) {
    let count = Arc::default();
    let [from, to] = [from, to].map(|place| place.store_of(mortal(place.open(), &count, last)));
    migrate(&from, &to).await.expect("nothing is in its way");
    say(&format!("arrived after {}", count.load(Ordering::SeqCst)));
}

/// One run; it leaves an intent behind that the next one finds.
async fn work(place: &Place, text: &str) {
    let mut session = acquire(&place.store(), 0).await.expect("the lock is free");
    session.append(&[fact(text)]).await.expect("the journal takes it");
    session.put_artifact(text.as_bytes()).await.expect("it is kept");
    session.publish(Snapshot::empty("shop")).await.expect("it is published");
    let mut session = acquire(&place.store(), 0).await.expect("the lock is free");
    session.append(&[fact(&format!("after {text}"))]).await.expect("the journal takes it");
    session.release(Leaving::Dirty).await.expect("it is given back");
}

/// Kills the carrier at ever later operations until it arrives; how often it was killed.
fn carry(from: &Place, to: &Place) -> usize {
    for (kills, last) in (0..).map(|kill: u32| (kill as usize, 3_u64.pow(kill) + u64::from(kill % 2))) {
        if !Run::start("migrate", last, &[from, to]).hear(&["arrived"]).is_empty() {
            return kills;
        }
    }
    unreachable!("a state has finitely many objects")
}

#[tokio::test]
async fn a_state_travels_between_every_two_places_and_survives_the_death_of_its_carriers() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::new(folder.path()).await;
    let mut killed = 0;
    for (leg, way) in JOURNEY.windows(2).enumerate() {
        let [from, to] = [way[0], way[1]].map(|place| &world.places[place]);
        let context = format!("from {} to {}", from.name, to.name);
        work(from, &format!("leg {leg}")).await;
        let before = from.store().latest().await.expect("it can be read").expect("it was published");
        let kills = carry(from, to);
        assert!(kills >= 3, "{context}: killed {kills} times");
        killed += kills;
        let after = to.store().latest().await.expect("it can be read").expect("it is there");
        assert_eq!((after.id, after.snapshot), (before.id, before.snapshot), "{context}");
        let refused = acquire(&from.store(), 0).await.err();
        assert_eq!(refused, Some(StoreError::Moved { to: to.name.clone() }), "{context}");
        let again = migrate(&from.store(), &to.store()).await.expect("it is done already");
        assert_eq!((again.copied, again.verified.problems), (0, Vec::new()), "{context}");
        let next = acquire(&to.store(), 0).await.expect("the state goes on there");
        assert_eq!(next.unmerged(), [fact(&format!("after leg {leg}"))], "{context}: what was left is found");
        next.release(Leaving::Dirty).await.expect("it is given back");
    }
    println!("{} ways, {killed} carriers killed", JOURNEY.len() - 1);
}
