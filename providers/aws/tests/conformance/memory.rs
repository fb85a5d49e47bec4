//! A state in memory, for as many runs as there are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use siac_core::ports::{Blobs, Hold, Put, Register, StoreFault, Version};

/// The register and the objects of one stack. A run that takes the register has it: the tests run one at a time.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Content>>);

#[derive(Default)]
struct Content {
    register: Option<(Vec<u8>, u64)>,
    blobs: BTreeMap<String, Vec<u8>>,
}

impl Memory {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Register for Memory {
    async fn read(&self) -> Result<Option<(Vec<u8>, Version)>, StoreFault> {
        Ok(self.content().register.clone().map(|(bytes, version)| (bytes, Version(version.to_string()))))
    }

    async fn cas(&self, expected: Option<&Version>, content: Vec<u8>, _: Hold) -> Result<Version, StoreFault> {
        let mut all = self.content();
        let now = all.register.as_ref().map(|(_, version)| Version(version.to_string()));
        if now.as_ref() != expected {
            return Err(StoreFault::Conflict);
        }
        let next = all.register.as_ref().map_or(1, |(_, version)| version + 1);
        all.register = Some((content, next));
        Ok(Version(next.to_string()))
    }

    /// Whoever held the register before is dead, and this store knows it.
    fn patience(&self) -> Option<Duration> {
        None
    }
}

#[async_trait]
impl Blobs for Memory {
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreFault> {
        Ok(self.content().blobs.get(name).cloned())
    }

    async fn put_new(&self, name: &str, bytes: Vec<u8>) -> Result<Put, StoreFault> {
        let mut all = self.content();
        if all.blobs.contains_key(name) {
            return Ok(Put::Exists);
        }
        all.blobs.insert(name.to_owned(), bytes);
        Ok(Put::Created)
    }

    async fn replace(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreFault> {
        self.content().blobs.insert(name.to_owned(), bytes);
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreFault> {
        Ok(self.content().blobs.keys().filter(|name| name.starts_with(prefix)).cloned().collect())
    }

    async fn delete(&self, name: &str) -> Result<(), StoreFault> {
        self.content().blobs.remove(name);
        Ok(())
    }
}
