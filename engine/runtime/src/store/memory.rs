//! A store in memory that fails on demand, keys that cost nothing, and time that passes when everyone waits.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use siac_core::model::identity::StackUuid;
use siac_core::model::secret::Secret;
use siac_core::ports::*;

use super::{Parts, Store, Writer};

/// How an operation of the store goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It did not happen, and the caller is told so.
    Refused,
    /// It did not happen, and nobody knows.
    LostRequest,
    /// It happened, and nobody knows.
    LostAnswer,
    /// It cannot happen: the disk is full.
    Full,
}

#[derive(Default)]
struct State {
    register: Option<(Vec<u8>, u64)>,
    blobs: BTreeMap<String, Vec<u8>>,
    operations: u64,
    trouble: BTreeMap<u64, Trouble>,
    /// From this operation on, everything is lost.
    dead_from: Option<u64>,
}

/// The bytes that several clients share.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<State>>);

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Lets the operation of this number, from 0, go wrong.
    pub(crate) fn trouble_at(&self, operation: u64, trouble: Trouble) {
        self.state().trouble.insert(operation, trouble);
    }

    /// Lets everything from this operation on get lost; `None` heals it.
    pub(crate) fn dead_from(&self, operation: Option<u64>) {
        self.state().dead_from = operation;
    }

    /// How many operations there were.
    pub(crate) fn operations(&self) -> u64 {
        self.state().operations
    }

    /// A copy of everything, as an attacker or a backup makes it.
    pub(crate) fn copy(&self) -> Self {
        let state = self.state();
        Self(Arc::new(Mutex::new(State {
            register: state.register.clone(),
            blobs: state.blobs.clone(),
            ..State::default()
        })))
    }

    /// Makes it what another one is.
    pub(crate) fn put_back(&self, other: &Memory) {
        let copy = other.copy();
        *self.state() = std::mem::take(&mut *copy.state());
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.state().blobs.keys().cloned().collect()
    }

    pub(crate) fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.state().blobs.get_mut(name).expect("there is such an object"));
    }

    pub(crate) fn remove(&self, name: &str) {
        self.state().blobs.remove(name);
    }

    pub(crate) fn insert(&self, name: &str, bytes: &[u8]) {
        self.state().blobs.insert(name.to_owned(), bytes.to_vec());
    }

    /// Every byte that is stored.
    pub(crate) fn everything(&self) -> Vec<u8> {
        let state = self.state();
        let head = state.register.iter().flat_map(|(bytes, _)| bytes.clone());
        head.chain(state.blobs.iter().flat_map(|(name, bytes)| [name.as_bytes(), bytes].concat())).collect()
    }

    /// Carries out an operation, or lets it go wrong.
    fn run<T>(&self, operation: impl FnOnce(&mut State) -> Result<T, StoreFault>) -> Result<T, StoreFault> {
        let mut state = self.state();
        let number = state.operations;
        state.operations += 1;
        let unknown = || StoreFault::Ambiguous("the connection was lost".into());
        if state.dead_from.is_some_and(|from| number >= from) {
            return Err(StoreFault::Transient("the network is gone".into()));
        }
        match state.trouble.get(&number).copied() {
            None => operation(&mut state),
            Some(Trouble::Refused) => Err(StoreFault::Transient("try again".into())),
            Some(Trouble::Full) => Err(StoreFault::Failed("no space left".into())),
            Some(Trouble::LostRequest) => Err(unknown()),
            Some(Trouble::LostAnswer) => operation(&mut state).and(Err(unknown())),
        }
    }
}

#[async_trait]
impl Register for Memory {
    async fn read(&self) -> Result<Option<(Vec<u8>, Version)>, StoreFault> {
        tokio::task::yield_now().await;
        self.run(|state| Ok(state.register.clone().map(|(bytes, version)| (bytes, Version(version.to_string())))))
    }

    async fn cas(&self, expected: Option<&Version>, content: Vec<u8>, _: Hold) -> Result<Version, StoreFault> {
        tokio::task::yield_now().await;
        self.run(|state| {
            let present = state.register.as_ref().map(|(_, version)| Version(version.to_string()));
            if present.as_ref() != expected {
                return Err(StoreFault::Conflict);
            }
            let version = state.register.as_ref().map_or(1, |(_, version)| version + 1);
            state.register = Some((content, version));
            Ok(Version(version.to_string()))
        })
    }

    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_secs(60))
    }
}

#[async_trait]
impl Blobs for Memory {
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreFault> {
        tokio::task::yield_now().await;
        self.run(|state| Ok(state.blobs.get(name).cloned()))
    }

    async fn put_new(&self, name: &str, bytes: Vec<u8>) -> Result<Put, StoreFault> {
        tokio::task::yield_now().await;
        self.run(|state| {
            if state.blobs.contains_key(name) {
                return Ok(Put::Exists);
            }
            state.blobs.insert(name.to_owned(), bytes);
            Ok(Put::Created)
        })
    }

    async fn replace(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreFault> {
        tokio::task::yield_now().await;
        self.run(|state| {
            state.blobs.insert(name.to_owned(), bytes);
            Ok(())
        })
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreFault> {
        tokio::task::yield_now().await;
        self.run(|state| Ok(state.blobs.keys().filter(|name| name.starts_with(prefix)).cloned().collect()))
    }

    async fn delete(&self, name: &str) -> Result<(), StoreFault> {
        tokio::task::yield_now().await;
        self.run(|state| {
            state.blobs.remove(name);
            Ok(())
        })
    }
}

/// A key that hides a data key under a byte of its own.
pub(crate) struct TestKey(pub(crate) u8);

impl TestKey {
    fn mask(&self, stack: &StackUuid, key: &[u8; 32]) -> [u8; 32] {
        let mut masked = *key;
        masked.iter_mut().zip(stack.0.iter().cycle()).for_each(|(byte, of_stack)| *byte ^= self.0 ^ of_stack);
        masked
    }
}

#[async_trait]
impl KeyProvider for TestKey {
    fn describe(&self) -> (String, String) {
        ("test".into(), self.0.to_string())
    }

    async fn wrap(&self, stack: &StackUuid, key: &DataKey, _: &[WrappedKey]) -> Result<WrappedKey, KeyFault> {
        let (method, key_id) = self.describe();
        let wrapped = siac_core::model::identity::hex(&self.mask(stack, key.expose()));
        Ok(WrappedKey { method, key_id, wrapped, params: BTreeMap::new() })
    }

    async fn unwrap(&self, stack: &StackUuid, key: &WrappedKey) -> Result<DataKey, KeyFault> {
        let wrong = || KeyFault::WrongKey("this key does not open it".into());
        if key.key_id != self.0.to_string() {
            return Err(wrong());
        }
        let digest: siac_core::model::identity::Digest = key.wrapped.parse().map_err(|_| wrong())?;
        Ok(Secret::new(self.mask(stack, &digest.0)))
    }
}

/// Time that passes when every task waits for it.
pub(crate) struct TestClock(tokio::time::Instant);

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> String {
        format!("2026-11-20T21:00:{:02}.000Z", self.monotonic().as_secs() % 60)
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Bytes that never repeat and are the same in every run of one client.
pub(crate) struct TestEntropy(AtomicU64);

impl Entropy for TestEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            let number = self.0.fetch_add(1, Ordering::SeqCst);
            let digest = siac_core::model::identity::Digest::of(&number.to_be_bytes());
            chunk.copy_from_slice(&digest.0[..chunk.len()]);
        }
    }
}

/// A client of a store: `name` tells it from others.
pub(crate) struct Client {
    pub(crate) name: &'static str,
    pub(crate) keys: Vec<u8>,
    pub(crate) witness: Option<PathBuf>,
    pub(crate) accept_rollback: bool,
}

impl Client {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, keys: vec![1], witness: None, accept_rollback: false }
    }

    pub(crate) fn open(&self, memory: &Memory) -> Store {
        let seed = self.name.bytes().fold(0_u64, |seed, byte| seed << 8 | u64::from(byte)) << 16;
        Store::open(Parts {
            stack: "shop".into(),
            backend: "memory".into(),
            register: Arc::new(memory.clone()),
            blobs: Arc::new(memory.clone()),
            keys: self.keys.iter().map(|key| Arc::new(TestKey(*key)) as Arc<dyn KeyProvider>).collect(),
            clock: Arc::new(TestClock(tokio::time::Instant::now())),
            entropy: Arc::new(TestEntropy(AtomicU64::new(seed))),
            writer: Writer { who: self.name.into(), host: "here".into(), process: 1, run: "run-1".into() },
            witness: self.witness.clone(),
            accept_rollback: self.accept_rollback,
        })
    }
}
