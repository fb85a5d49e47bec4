//! State in a bucket of S3, or of a store that speaks like it and keeps its conditional writes.
//!
//! The register is the object `HEAD`, written with `If-None-Match: *` the first time and with `If-Match` of its last tag from then on.
//! Nothing is repeated here: an answer that was lost is told as such, and the engine reads again and knows its own write by its content.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::primitives::ByteStream;
use siac_core::ports::{Blobs, Hold, Put, Register, StoreFault, Version};
use tokio::sync::OnceCell;

use super::access::{ATTEMPT_LIMIT, Access, Connection};
use super::fault::Failure;
use super::promises;
use crate::names;

/// How long a holder may be silent before another run takes over. A choice of this project: a sign of life every 15 seconds may fail three times.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The name of the register among the objects.
const HEAD: &str = "HEAD";

/// With what the object `HEAD` begins where the register is elsewhere. A register is JSON and never begins so.
const POINTER: &str = "siac: the register of this state is ";

/// The slowest transfer that is waited for, in bytes per second. A choice of this project.
const SLOWEST: u64 = 256 * 1024;

/// Where in which bucket the state of a stack lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The bucket.
    pub bucket: String,
    /// What the keys of all stacks begin with; may be empty. Slashes at its ends do not matter.
    pub prefix: String,
    /// The stack's name.
    pub stack: String,
}

impl Place {
    /// What every key of this stack begins with.
    fn folder(&self) -> String {
        let prefix = self.prefix.trim_matches('/');
        if prefix.is_empty() { format!("{}/", self.stack) } else { format!("{prefix}/{}/", self.stack) }
    }

    /// The key of an object.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.folder())
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.folder().trim_end_matches('/'))
    }
}

/// The state of one stack in a bucket. Cloning it is cheap.
#[derive(Clone)]
pub struct Bucket {
    place: Place,
    door: Arc<Door>,
    /// Whether the store was seen to keep what a register needs.
    is_trusted: Arc<OnceCell<()>>,
}

/// The way to a bucket.
pub(crate) struct Door {
    connection: Connection,
    path_style: Option<bool>,
    client: OnceCell<Client>,
}

impl Door {
    pub(crate) fn new(access: Access, path_style: Option<bool>) -> Self {
        Self { connection: Connection::new(access), path_style, client: OnceCell::new() }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) async fn client(&self) -> Result<&Client, String> {
        self.client.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Client, String> {
        let config = self.connection.config().await?;
        let mut builder = Builder::from(config);
        if let Some(endpoint) = self.connection.endpoint() {
            builder = builder.endpoint_url(endpoint);
        }
        if self.connection.endpoint().is_some() || config.endpoint_url().is_some() {
            // Stores that are not Amazon's seldom have a name for each bucket, and some know no checksums in trailers.
            builder = builder
                .force_path_style(true)
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
                .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        }
        if let Some(path_style) = self.path_style {
            builder = builder.force_path_style(path_style);
        }
        Ok(Client::from_conf(builder.build()))
    }
}

impl Bucket {
    /// The state at a place. Nothing is asked yet. `path_style` puts the bucket into the path of requests instead of the host's name; without
    /// it, that is done where an endpoint is named.
    pub fn new(place: Place, access: Access, path_style: Option<bool>) -> Self {
        Self { place, door: Arc::new(Door::new(access, path_style)), is_trusted: Arc::default() }
    }

    /// Where it lies.
    pub fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn door(&self) -> &Arc<Door> {
        &self.door
    }

    async fn client(&self) -> Result<&Client, StoreFault> {
        self.door.client().await.map_err(|why| StoreFault::Failed(format!("{} cannot be reached: {why}", self.place)))
    }

    /// What to do about a refusal.
    fn remedy(&self, failure: &Failure) -> String {
        let bucket = &self.place.bucket;
        match &failure.bucket_region {
            _ if failure.is(&["NoSuchBucket"]) => {
                format!(
                    "there is no bucket `{bucket}`; make it with `siac init --backend s3 --bucket {bucket}`, or correct `bucket` in `[state]`"
                )
            }
            Some(region)
                if failure.is(&[
                    "PermanentRedirect",
                    "AuthorizationHeaderMalformed",
                    "IllegalLocationConstraintException",
                ]) || failure.status == 301 =>
            {
                format!("the bucket is in {region}; write `region = \"{region}\"` in `[state]`")
            }
            _ if failure.status == 301 => "the bucket is in another region; write its `region` in `[state]`".to_owned(),
            _ => String::new(),
        }
    }

    /// An object for people: where it is, and at which address when that is not Amazon's.
    fn named(&self, name: &str) -> String {
        let at = self.door.connection.endpoint().map(|endpoint| format!(" at {endpoint}")).unwrap_or_default();
        format!("{}/{name}{at}", self.place)
    }

    fn read_fault(&self, name: &str, failure: Failure) -> StoreFault {
        let remedy = self.remedy(&failure);
        failure.of_read(&format!("{} cannot be read", self.named(name)), &remedy)
    }

    fn write_fault(&self, name: &str, failure: Failure) -> StoreFault {
        let remedy = self.remedy(&failure);
        failure.of_write(&format!("{} cannot be written", self.named(name)), &remedy)
    }

    /// An object and its tag.
    async fn fetch(&self, name: &str) -> Result<Option<(Vec<u8>, String)>, StoreFault> {
        let request = self.client().await?.get_object().bucket(&self.place.bucket).key(self.place.key(name));
        let object = match request.send().await {
            Ok(object) => object,
            Err(error) => {
                let failure = Failure::of(&error);
                return if failure.is(&["NoSuchKey"]) { Ok(None) } else { Err(self.read_fault(name, failure)) };
            }
        };
        let tag = object.e_tag().unwrap_or_default().to_owned();
        let limit = time_for(object.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0));
        let interrupted = |why: String| StoreFault::Transient(format!("{}/{name} cannot be read: {why}", self.place));
        match tokio::time::timeout(limit, object.body.collect()).await {
            Ok(Ok(body)) => Ok(Some((body.to_vec(), tag))),
            Ok(Err(error)) => Err(interrupted(super::fault::innermost(&error))),
            Err(_) => Err(interrupted("it does not arrive in time".to_owned())),
        }
    }

    /// Writes an object under a condition, once; the new tag.
    pub(crate) async fn write(&self, name: &str, bytes: Vec<u8>, condition: Condition<'_>) -> Result<String, Failed> {
        let client = self.client().await.map_err(Failed::Otherwise)?;
        let limit = time_for(bytes.len() as u64);
        let mut request = client.put_object().bucket(&self.place.bucket).key(self.place.key(name));
        match condition {
            Condition::Absent => request = request.if_none_match("*"),
            Condition::Tagged(tag) => request = request.if_match(tag),
            Condition::None => {}
        }
        let patient = Builder::new().timeout_config(TimeoutConfig::builder().operation_attempt_timeout(limit).build());
        let sent = request.body(ByteStream::from(bytes)).customize().config_override(patient).send().await;
        match sent {
            Ok(written) => Ok(written.e_tag().unwrap_or_default().to_owned()),
            Err(error) => {
                let failure = Failure::of(&error);
                // A missing object has no tag that could be the expected one.
                let is_conditional = !matches!(condition, Condition::None);
                let is_refused = failure.is(&["PreconditionFailed", "NoSuchKey"]) || failure.status == 412;
                Err(match failure.status {
                    _ if is_conditional && is_refused => Failed::Condition,
                    409 if is_conditional => Failed::Contested,
                    _ => Failed::Otherwise(self.write_fault(name, failure)),
                })
            }
        }
    }

    /// Where the object `HEAD` says that the register is; none when there is no such object.
    ///
    /// # Errors
    /// When the register is here.
    pub(crate) async fn pointer(&self) -> Result<Option<String>, StoreFault> {
        let Some((bytes, _)) = self.fetch(HEAD).await? else { return Ok(None) };
        let here = || {
            StoreFault::Failed(format!(
                "the register of {} is in the bucket, and `[state]` names a lock table; remove `lock_table`, or choose another `prefix` and bring the state there with `siac state migrate`",
                self.place
            ))
        };
        pointed(&bytes).map(Some).ok_or_else(here)
    }

    /// Makes sure, once, that the store keeps conditional writes; before a state begins there.
    ///
    /// # Errors
    /// When it does not, or cannot be asked.
    pub async fn trust(&self) -> Result<(), StoreFault> {
        self.is_trusted.get_or_try_init(|| promises::check(self)).await.map(|_| ())
    }

    /// Says that the register is elsewhere, unless there is an object `HEAD` already; answers with what that one says.
    ///
    /// # Errors
    /// When the register is here.
    pub(crate) async fn point_to(&self, there: &str) -> Result<String, StoreFault> {
        self.trust().await?;
        let text = format!("{POINTER}{there}\n").into_bytes();
        match self.write(HEAD, text, Condition::Absent).await {
            Ok(_) => Ok(there.to_owned()),
            Err(Failed::Condition) => Ok(self.pointer().await?.unwrap_or_default()),
            Err(Failed::Contested) => Err(StoreFault::Transient(format!("{} is being written to", self.place))),
            Err(Failed::Otherwise(fault)) => Err(fault),
        }
    }
}

fn pointed(bytes: &[u8]) -> Option<String> {
    let text = bytes.strip_prefix(POINTER.as_bytes())?;
    Some(String::from_utf8_lossy(text).trim_end().to_owned())
}

/// How long it may take to move so many bytes.
fn time_for(bytes: u64) -> Duration {
    ATTEMPT_LIMIT + Duration::from_secs(bytes / SLOWEST)
}

/// Under which condition an object is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Condition<'a> {
    /// It does not exist.
    Absent,
    /// It has this tag.
    Tagged(&'a str),
    /// Under none.
    None,
}

/// Why an object was not written.
pub(crate) enum Failed {
    /// The condition does not hold.
    Condition,
    /// Another write was under way; whether the condition holds is not known.
    Contested,
    /// Anything else.
    Otherwise(StoreFault),
}

#[async_trait]
impl Register for Bucket {
    async fn read(&self) -> Result<Option<(Vec<u8>, Version)>, StoreFault> {
        let Some((bytes, tag)) = self.fetch(HEAD).await? else { return Ok(None) };
        match pointed(&bytes) {
            None => Ok(Some((bytes, Version(tag)))),
            Some(there) => Err(StoreFault::Failed(format!(
                "the register of {} is {there}; name that table in `[state]`: `lock_table = \"…\"`",
                self.place
            ))),
        }
    }

    async fn cas(&self, expected: Option<&Version>, content: Vec<u8>, _: Hold) -> Result<Version, StoreFault> {
        if expected.is_none() {
            self.trust().await?;
        }
        let condition = expected.map_or(Condition::Absent, |version| Condition::Tagged(&version.0));
        match self.write(HEAD, content, condition).await {
            Ok(tag) => Ok(Version(tag)),
            Err(Failed::Condition | Failed::Contested) => Err(StoreFault::Conflict),
            Err(Failed::Otherwise(fault)) => Err(fault),
        }
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }
}

#[async_trait]
impl Blobs for Bucket {
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreFault> {
        names::check(name)?;
        Ok(self.fetch(name).await?.map(|(bytes, _)| bytes))
    }

    async fn put_new(&self, name: &str, bytes: Vec<u8>) -> Result<Put, StoreFault> {
        names::check(name)?;
        match self.write(name, bytes, Condition::Absent).await {
            Ok(_) => Ok(Put::Created),
            Err(Failed::Condition) => Ok(Put::Exists),
            Err(Failed::Contested) => {
                Err(StoreFault::Transient(format!("{}/{name} is being written by someone else", self.place)))
            }
            Err(Failed::Otherwise(fault)) => Err(fault),
        }
    }

    async fn replace(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreFault> {
        names::check(name)?;
        match self.write(name, bytes, Condition::None).await {
            Ok(_) => Ok(()),
            Err(Failed::Otherwise(fault)) => Err(fault),
            Err(Failed::Condition | Failed::Contested) => Err(StoreFault::Conflict),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreFault> {
        let folder = self.place.folder();
        let request =
            self.client().await?.list_objects_v2().bucket(&self.place.bucket).prefix(format!("{folder}{prefix}"));
        let mut pages = request.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.read_fault(prefix, Failure::of(&error)))?;
            let keys = page.contents().iter().filter_map(|object| object.key()?.strip_prefix(&folder));
            names.extend(keys.filter(|name| *name != HEAD).map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    async fn delete(&self, name: &str) -> Result<(), StoreFault> {
        names::check(name)?;
        let request = self.client().await?.delete_object().bucket(&self.place.bucket).key(self.place.key(name));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let failure = Failure::of(&error);
                let remedy = self.remedy(&failure);
                Err(failure.of_write(&format!("{}/{name} cannot be deleted", self.place), &remedy))
            }
        }
    }
}
