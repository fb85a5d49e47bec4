//! A register and blobs in memory: linearizable, and lost or struck as the network wants.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use siac_core::ports::{Blobs, Hold, Put, Register, StoreFault, Version};

use crate::lock;
use crate::network::{LostAnswer, Site, Travel};
use crate::process::Process;

/// How long a request to the store and its answer travel, each.
const EACH_WAY: Duration = Duration::from_millis(2);

/// What is stored, for all processes.
#[derive(Default)]
pub struct MemoryStore {
    content: Mutex<Content>,
    patience: Option<Duration>,
    /// Objects whose name starts with this are said to be kept, and are not.
    forgets: Option<&'static str>,
}

#[derive(Default)]
struct Content {
    register: Option<(Vec<u8>, u64)>,
    blobs: BTreeMap<String, Vec<u8>>,
    holder: Option<Arc<Process>>,
}

impl MemoryStore {
    /// An empty store that knows by itself whether a holder lives, as a disk of this machine does.
    pub fn local() -> Arc<Self> {
        Arc::default()
    }

    /// An empty store whose holders must give signs of life, as a bucket's must.
    pub fn remote(patience: Duration) -> Arc<Self> {
        Arc::new(Self { patience: Some(patience), ..Self::default() })
    }

    /// An empty local store that loses what it says it keeps under this prefix, to show that tests notice.
    pub fn forgetting(prefix: &'static str) -> Arc<Self> {
        Arc::new(Self { forgets: Some(prefix), ..Self::default() })
    }

    /// Another store with the same content. Nobody holds it.
    #[must_use]
    pub fn fork(&self) -> Arc<Self> {
        let content = lock(&self.content);
        let (register, blobs) = (content.register.clone(), content.blobs.clone());
        Arc::new(Self {
            content: Mutex::new(Content { register, blobs, holder: None }),
            patience: self.patience,
            forgets: self.forgets,
        })
    }

    /// The register as this process reaches it.
    pub fn register(self: &Arc<Self>, process: &Arc<Process>) -> Arc<dyn Register> {
        Arc::new(self.door(process))
    }

    /// The blobs as this process reaches them.
    pub fn blobs(self: &Arc<Self>, process: &Arc<Process>) -> Arc<dyn Blobs> {
        Arc::new(self.door(process))
    }

    fn door(self: &Arc<Self>, process: &Arc<Process>) -> Door {
        Door { store: self.clone(), process: process.clone() }
    }

    /// What the register holds, without asking over the network.
    pub fn head(&self) -> Option<Vec<u8>> {
        lock(&self.content).register.as_ref().map(|(content, _)| content.clone())
    }

    /// The name and size in bytes of every blob.
    pub fn sizes(&self) -> BTreeMap<String, usize> {
        lock(&self.content).blobs.iter().map(|(name, bytes)| (name.clone(), bytes.len())).collect()
    }

    /// Whether any stored byte sequence contains these bytes.
    pub fn contains(&self, needle: &[u8]) -> bool {
        let content = lock(&self.content);
        let mut stored = content.blobs.values().chain(content.register.iter().map(|(bytes, _)| bytes));
        stored.any(|bytes| bytes.windows(needle.len().max(1)).any(|window| window == needle))
    }
}

impl Content {
    fn cas(
        &mut self,
        expected: Option<u64>,
        bytes: Vec<u8>,
        hold: Hold,
        knows_holders: bool,
        by: &Arc<Process>,
    ) -> Result<Version, StoreFault> {
        let version = self.register.as_ref().map(|(_, version)| *version);
        let is_held = self.holder.as_ref().is_some_and(|holder| !Arc::ptr_eq(holder, by) && !holder.is_dead());
        if knows_holders && is_held {
            return Err(StoreFault::Held);
        }
        if version != expected {
            return Err(StoreFault::Conflict);
        }
        match hold {
            Hold::Take => self.holder = Some(by.clone()),
            Hold::Keep => {}
            Hold::Release | Hold::Break => self.holder = None,
        }
        let next = version.unwrap_or_default() + 1;
        self.register = Some((bytes, next));
        Ok(Version(next.to_string()))
    }

    fn put_new(&mut self, name: String, bytes: Vec<u8>) -> Put {
        if self.blobs.contains_key(&name) {
            return Put::Exists;
        }
        self.blobs.insert(name, bytes);
        Put::Created
    }
}

/// The store as one process reaches it.
struct Door {
    store: Arc<MemoryStore>,
    process: Arc<Process>,
}

impl Door {
    async fn ask<T: Send + 'static>(
        &self,
        place: &'static str,
        request: String,
        effect: impl FnOnce(&mut Content) -> T + Send + 'static,
    ) -> Result<T, LostAnswer> {
        let store = self.store.clone();
        let site = Site { place, request };
        self.process.exchange(site, Travel::each_way(EACH_WAY), move || effect(&mut lock(&store.content))).await
    }
}

fn unread(_: LostAnswer) -> StoreFault {
    StoreFault::Transient("the answer was lost".to_owned())
}

fn unsure(_: LostAnswer) -> StoreFault {
    StoreFault::Ambiguous("the answer was lost".to_owned())
}

#[async_trait]
impl Register for Door {
    async fn read(&self) -> Result<Option<(Vec<u8>, Version)>, StoreFault> {
        let read = |content: &mut Content| content.register.clone();
        let found = self.ask("register", "read".to_owned(), read).await.map_err(unread)?;
        Ok(found.map(|(bytes, version)| (bytes, Version(version.to_string()))))
    }

    async fn cas(&self, expected: Option<&Version>, bytes: Vec<u8>, hold: Hold) -> Result<Version, StoreFault> {
        let foreign = |_| StoreFault::Failed("this is no version of this store".to_owned());
        let expected = expected.map(|version| version.0.parse::<u64>()).transpose().map_err(foreign)?;
        let (knows_holders, by) = (self.store.patience.is_none(), self.process.clone());
        let write = move |content: &mut Content| content.cas(expected, bytes, hold, knows_holders, &by);
        self.ask("register", "cas".to_owned(), write).await.map_err(unsure)?
    }

    fn patience(&self) -> Option<Duration> {
        self.store.patience
    }
}

#[async_trait]
impl Blobs for Door {
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreFault> {
        let wanted = name.to_owned();
        let get = move |content: &mut Content| content.blobs.get(&wanted).cloned();
        self.ask("blobs", format!("get {name}"), get).await.map_err(unread)
    }

    async fn put_new(&self, name: &str, bytes: Vec<u8>) -> Result<Put, StoreFault> {
        let wanted = name.to_owned();
        let is_forgotten = self.store.forgets.is_some_and(|prefix| name.starts_with(prefix));
        let put = move |content: &mut Content| match is_forgotten {
            true => Put::Created,
            false => content.put_new(wanted, bytes),
        };
        self.ask("blobs", format!("put_new {name}"), put).await.map_err(unsure)
    }

    async fn replace(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreFault> {
        let wanted = name.to_owned();
        let replace = move |content: &mut Content| drop(content.blobs.insert(wanted, bytes));
        self.ask("blobs", format!("replace {name}"), replace).await.map_err(unsure)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreFault> {
        let wanted = prefix.to_owned();
        let list = move |content: &mut Content| {
            let names = content.blobs.keys().filter(|name| name.starts_with(&wanted));
            names.cloned().collect::<Vec<String>>()
        };
        self.ask("blobs", format!("list {prefix}"), list).await.map_err(unread)
    }

    async fn delete(&self, name: &str) -> Result<(), StoreFault> {
        let wanted = name.to_owned();
        let delete = move |content: &mut Content| drop(content.blobs.remove(&wanted));
        self.ask("blobs", format!("delete {name}"), delete).await.map_err(unsure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;
    use crate::network::{Network, Strike};
    use crate::process::{Life, live};

    fn process(strikes: impl IntoIterator<Item = (usize, Strike)>) -> Arc<Process> {
        let network = Network::new(Arc::new(VirtualClock::default()));
        network.arm(strikes);
        Process::new(&network)
    }

    fn run<T>(process: &Process, run: impl Future<Output = T>) -> T {
        match live(process, Duration::from_secs(60), run) {
            Life::Finished(end) => end,
            Life::Died | Life::Hung => panic!("the process ended before its time"),
        }
    }

    #[test]
    fn the_register_moves_only_from_the_expected_version() {
        let (store, process) = (MemoryStore::local(), process([]));
        let register = store.register(&process);
        run(&process, async {
            let first = register.cas(None, b"a".to_vec(), Hold::Keep).await.unwrap();
            assert_eq!(register.cas(None, b"b".to_vec(), Hold::Keep).await, Err(StoreFault::Conflict));
            let second = register.cas(Some(&first), b"c".to_vec(), Hold::Keep).await.unwrap();
            assert_eq!(register.read().await, Ok(Some((b"c".to_vec(), second))));
        });
    }

    #[test]
    fn only_one_living_process_holds_a_local_register() {
        let store = MemoryStore::local();
        let (mine, yours) = (process([]), process([]));
        let register = store.register(&mine);
        let first = run(&mine, register.cas(None, b"a".to_vec(), Hold::Take)).unwrap();
        let register = store.register(&yours);
        let alive = Process::new(yours.network());
        lock(&store.content).holder = Some(alive.clone());
        run(&yours, async {
            assert_eq!(register.cas(Some(&first), b"b".to_vec(), Hold::Take).await, Err(StoreFault::Held));
            alive.kill();
            assert!(register.cas(Some(&first), b"b".to_vec(), Hold::Take).await.is_ok());
        });
    }

    #[test]
    fn a_write_whose_answer_is_lost_was_made() {
        let (store, process) = (MemoryStore::local(), process([(0, Strike::LostAnswer)]));
        let blobs = store.blobs(&process);
        run(&process, async {
            assert!(matches!(blobs.put_new("a", b"1".to_vec()).await, Err(StoreFault::Ambiguous(_))));
            assert_eq!(blobs.put_new("a", b"2".to_vec()).await, Ok(Put::Exists));
            assert_eq!(blobs.get("a").await, Ok(Some(b"1".to_vec())));
        });
        assert!(store.contains(b"1") && !store.contains(b"2"));
    }
}
