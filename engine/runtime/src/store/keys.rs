//! The keys of a store: a data key for each run, wrapped for each configured key.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use siac_core::model::identity::StackUuid;
use siac_core::model::secret::Secret;
use siac_core::ports::{DataKey, Entropy, KeyFault, KeyProvider, WrappedKey, random_32};

use super::StoreError;
use super::envelope::MAX_RECIPIENTS;

/// The configured keys, and the data keys that they have opened in this run.
#[derive(Clone)]
pub(super) struct Keyring {
    providers: Vec<Arc<dyn KeyProvider>>,
    opened: Arc<Mutex<BTreeMap<String, DataKey>>>,
}

impl Keyring {
    pub(super) fn new(providers: Vec<Arc<dyn KeyProvider>>) -> Self {
        Self { providers, opened: Arc::default() }
    }

    /// These keys and some more; what one has opened the other need not open again.
    pub(super) fn and(&self, more: &[Arc<dyn KeyProvider>]) -> Self {
        let mut providers = self.providers.clone();
        let is_new = |one: &&Arc<dyn KeyProvider>| !self.providers.iter().any(|known| Arc::ptr_eq(known, one));
        providers.extend(more.iter().filter(is_new).cloned());
        Self { providers, opened: Arc::clone(&self.opened) }
    }

    /// How many keys are configured.
    pub(super) fn count(&self) -> usize {
        self.providers.len()
    }

    /// The configured keys, as `method key`.
    pub(super) fn names(&self) -> BTreeSet<String> {
        self.providers.iter().map(|provider| name(&provider.describe())).collect()
    }

    /// The data key behind these wrappings. `what` is named when there is none.
    pub(super) async fn open(
        &self,
        uuid: &StackUuid,
        recipients: &[WrappedKey],
        what: &str,
    ) -> Result<DataKey, StoreError> {
        if let Some(key) = recipients.iter().find_map(|recipient| self.remembered(uuid, recipient)) {
            return Ok(key);
        }
        let mut faults = Vec::new();
        for (provider, recipient) in self.attempts(recipients) {
            match provider.unwrap(uuid, recipient).await {
                Ok(key) => {
                    self.remember(uuid, recipients, &key);
                    return Ok(key);
                }
                Err(fault) => faults.push(fault),
            }
        }
        let needed = names_of(recipients).into_iter().collect();
        Err(StoreError::NoKey { what: what.to_owned(), faults, needed })
    }

    /// Every key with every wrapping that it may open, the likeliest first.
    fn attempts<'a>(&'a self, recipients: &'a [WrappedKey]) -> Vec<(&'a Arc<dyn KeyProvider>, &'a WrappedKey)> {
        let mut attempts = Vec::new();
        for provider in &self.providers {
            let (method, key_id) = provider.describe();
            let of_method = recipients.iter().filter(|recipient| recipient.method == method);
            attempts.extend(of_method.map(|recipient| (recipient.key_id != key_id, provider, recipient)));
        }
        attempts.sort_by_key(|(is_other, ..)| *is_other);
        attempts.into_iter().map(|(_, provider, recipient)| (provider, recipient)).collect()
    }

    /// A fresh data key.
    pub(super) fn draw(entropy: &dyn Entropy) -> DataKey {
        Secret::new(random_32(entropy))
    }

    /// The data key, wrapped for each of the configured keys.
    pub(super) async fn wrap(
        &self,
        uuid: &StackUuid,
        key: &DataKey,
        known: &[WrappedKey],
    ) -> Result<Vec<WrappedKey>, StoreError> {
        if self.providers.is_empty() || self.providers.len() > MAX_RECIPIENTS {
            return Err(StoreError::KeyCount(self.providers.len()));
        }
        let mut recipients: Vec<WrappedKey> = Vec::new();
        for provider in &self.providers {
            recipients.push(provider.wrap(uuid, key, known).await.map_err(StoreError::Key)?);
        }
        self.remember(uuid, &recipients, key);
        Ok(recipients)
    }

    /// Whether each of the configured keys opens one of these wrappings.
    pub(super) async fn all_open(&self, uuid: &StackUuid, recipients: &[WrappedKey]) -> Result<bool, StoreError> {
        for provider in &self.providers {
            if !opens(provider, uuid, recipients).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Refuses to write for other keys than those that the state is sealed for: they could not read it, or more could.
    pub(super) fn agree_with(&self, recipients: &[WrappedKey]) -> Result<(), StoreError> {
        let (configured, sealed_for) = (self.names(), names_of(recipients));
        match configured == sealed_for {
            true => Ok(()),
            false => Err(StoreError::OtherKeys {
                sealed_for: sealed_for.into_iter().collect(),
                configured: configured.into_iter().collect(),
            }),
        }
    }

    fn remembered(&self, uuid: &StackUuid, recipient: &WrappedKey) -> Option<DataKey> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.get(&memory(uuid, recipient)).cloned()
    }

    fn remember(&self, uuid: &StackUuid, recipients: &[WrappedKey], key: &DataKey) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.extend(recipients.iter().map(|recipient| (memory(uuid, recipient), key.clone())));
    }
}

/// Whether a key opens one of these wrappings; fails only when the key cannot be reached.
pub(super) async fn opens(
    provider: &Arc<dyn KeyProvider>,
    uuid: &StackUuid,
    recipients: &[WrappedKey],
) -> Result<bool, StoreError> {
    let (method, _) = provider.describe();
    for recipient in recipients.iter().filter(|recipient| recipient.method == method) {
        match provider.unwrap(uuid, recipient).await {
            Ok(_) => return Ok(true),
            Err(fault @ KeyFault::Unavailable(_)) => return Err(StoreError::Key(fault)),
            Err(KeyFault::WrongKey(_) | KeyFault::Refused(_)) => {}
        }
    }
    Ok(false)
}

/// The keys that open these wrappings, as `method key`.
pub(super) fn names_of(recipients: &[WrappedKey]) -> BTreeSet<String> {
    recipients.iter().map(|recipient| name(&(recipient.method.clone(), recipient.key_id.clone()))).collect()
}

fn name((method, key_id): &(String, String)) -> String {
    match key_id.is_empty() || key_id == method {
        true => method.clone(),
        false => format!("{method} {key_id}"),
    }
}

/// What a wrapping is remembered by: everything it says, so that nothing forged finds a remembered key.
fn memory(uuid: &StackUuid, recipient: &WrappedKey) -> String {
    let WrappedKey { method, key_id, wrapped, params } = recipient;
    format!("{uuid} {method:?} {key_id:?} {wrapped:?} {params:?}")
}
