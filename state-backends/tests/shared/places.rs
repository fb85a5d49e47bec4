//! The places that states are kept in, told to other processes as JSON.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use serde_json::{Value, json};
use siac_core::model::event::Fact;
use siac_core::ports::{Blobs, Register};
use siac_emulators::{Azurite, Emulator, REGION};
use siac_engine::store::{Parts, Purpose, Session, Store, StoreError, Takeover, Wait, Writer};
use siac_state_backends::aws::access::Access;
use siac_state_backends::aws::bootstrap::{self, Wanted};
use siac_state_backends::aws::lock_table::LockTable;
use siac_state_backends::aws::s3::{self, Bucket};
use siac_state_backends::azure::{self, AzureBlobs, Settings};
use siac_state_backends::key_file::KeyFile;
use siac_state_backends::local::LocalDirectory;

use crate::runs::Machine;

/// A place and the key that opens what is there.
#[derive(Debug, Clone)]
pub struct Place {
    /// What the backend is called.
    pub name: String,
    words: Value,
    key: PathBuf,
}

/// What keeps the bytes.
pub type Parcel = (Arc<dyn Register>, Arc<dyn Blobs>);

impl Place {
    /// As another process is told it.
    pub fn words(&self) -> Value {
        json!({ "name": self.name, "words": self.words, "key": self.key })
    }

    fn word(&self, name: &str) -> String {
        self.words[name].as_str().unwrap_or_default().to_owned()
    }

    /// Opens it anew, as another run would.
    pub fn open(&self) -> Parcel {
        match self.word("kind").as_str() {
            "local" => shared(LocalDirectory::open(self.word("folder"), false).expect("the folder opens")),
            "azure" => {
                let access = azure::Access::shared_key(&self.word("key")).expect("a key");
                shared(AzureBlobs::open(&self.settings(), "shop", &access).expect("the settings are fine"))
            }
            _ => {
                let place =
                    s3::Place { bucket: self.word("bucket"), prefix: self.word("prefix"), stack: "shop".into() };
                let bucket = Bucket::new(place, access(&self.word("endpoint"), &self.word("account")), None);
                match self.word("table").as_str() {
                    "" => shared(bucket),
                    table => (Arc::new(LockTable::new(table, bucket.clone())), Arc::new(bucket)),
                }
            }
        }
    }

    fn settings(&self) -> Settings {
        let (account, container) = (self.word("account"), self.word("container"));
        Settings { account, container, prefix: String::new(), endpoint: Some(self.word("endpoint")) }
    }

    pub fn store(&self) -> Store {
        self.store_of(self.open())
    }

    /// The store of this place, on what was opened.
    pub fn store_of(&self, (register, blobs): Parcel) -> Store {
        let machine = || Machine(Instant::now());
        Store::open(Parts {
            stack: "shop".into(),
            backend: self.name.clone(),
            register,
            blobs,
            keys: vec![Arc::new(KeyFile::open(&self.key).expect("the key is there"))],
            clock: Arc::new(machine()),
            entropy: Arc::new(machine()),
            writer: Writer { who: "test".into(), process: std::process::id(), ..Writer::default() },
            witness: None,
            accept_rollback: false,
        })
    }
}

fn shared<T: Register + Blobs + 'static>(place: T) -> Parcel {
    let place = Arc::new(place);
    (place.clone(), place)
}

/// The place of [`Place::words`].
pub fn told(words: &Value) -> Place {
    let text = |name: &str| words[name].as_str().expect("a text").to_owned();
    Place { name: text("name"), words: words["words"].clone(), key: text("key").into() }
}

fn access(endpoint: &str, account: &str) -> Access {
    let credentials = Credentials::new(account, "test", None, None, "tests");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    Access { given: Some(config), ..Access::default() }
}

/// The emulators, which nobody else uses, and one place of each kind on them. Many processes at once are too much for the proxies.
pub struct World {
    pub places: [Place; 4],
    _emulators: (Emulator, Azurite),
}

impl World {
    pub async fn new(folder: &Path) -> Self {
        let (emulator, azurite) = (Emulator::alone().await, Azurite::alone());
        let (endpoint, account, bucket) = (emulator.upstream(), emulator.account(), emulator.unique("shared"));
        let access = access(&endpoint, account);
        let wanted = Wanted { bucket: bucket.clone(), lock_table: Some("locks".into()), access, path_style: None };
        bootstrap::make(&wanted, &mut |_| {}).await.expect("bucket and table are made");
        let key = folder.join("siac.key");
        KeyFile::create(&key).expect("a key");
        let place = |name: &str, words| Place { name: name.to_owned(), words, key: key.clone() };
        let s3 = |prefix: &str, table: &str| json!({ "kind": "s3", "endpoint": endpoint, "account": account, "bucket": bucket, "prefix": prefix, "table": table });
        let (named, container) = (azurite.account(), azurite.container());
        let blob = json!({
            "kind": "azure", "endpoint": azurite.upstream(), "account": named, "container": container, "key": azurite.key(),
        });
        let blob = place("azure-blob", blob);
        let access = azure::Access::shared_key(azurite.key()).expect("a key");
        azure::bootstrap(&blob.settings(), &access).await.expect("the container is made");
        let local = place("local", json!({ "kind": "local", "folder": folder.join("state") }));
        let places = [local, place("s3", s3("plain", "")), place("s3 with a lock table", s3("locked", "locks")), blob];
        Self { places, _emulators: (emulator, azurite) }
    }
}

pub async fn acquire(store: &Store, seconds: u64) -> Result<Session, StoreError> {
    let wait = Wait { timeout: Duration::from_secs(seconds), takeover: Takeover::Automatic };
    store.acquire(Purpose::Apply, &wait, &mut |_| {}).await
}

pub fn fact(text: &str) -> Fact {
    Fact::UndoBegan { because: text.to_owned() }
}
