//! The sealed store in Blob Storage, as far as an emulator goes: a holder that sleeps through its lease, and lost answers.
#![cfg(feature = "azure")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use siac_core::model::event::Fact;
use siac_core::model::snapshot::Snapshot;
use siac_core::ports::{Clock, Entropy, Hold, Register, StoreFault};
use siac_emulators::{Azurite, Rule};
use siac_engine::journal::Journal;
use siac_engine::store::{Parts, Purpose, Session, Store, StoreError, Takeover, Wait, Writer};
use siac_state_backends::azure::{Access, AzureBlobs, Settings, bootstrap};
use siac_state_backends::key_file::KeyFile;

/// The shortest lease that the service gives.
const LEASE: Duration = Duration::from_secs(15);

struct Machine(Instant);

#[async_trait]
impl Clock for Machine {
    fn now(&self) -> String {
        "2026-11-21T12:00:00.000Z".to_owned()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

impl Entropy for Machine {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the kernel gives random numbers");
    }
}

/// Where the state of a test is and what opens it, told to other processes as some words.
#[derive(Clone)]
struct Place {
    settings: Settings,
    key: String,
    sealed_with: PathBuf,
}

impl Place {
    async fn on(azurite: &Azurite, folder: &Path) -> Self {
        let settings = Settings {
            account: azurite.account().to_owned(),
            container: azurite.container().to_owned(),
            prefix: String::new(),
            endpoint: Some(azurite.endpoint()),
        };
        let sealed_with = folder.join("siac.key");
        KeyFile::create(&sealed_with).expect("a key");
        let place = Self { settings, key: azurite.key().to_owned(), sealed_with };
        bootstrap(&place.settings, &place.access()).await.expect("the container is made");
        place
    }

    fn told(text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').collect();
        let [account, container, endpoint, key, sealed_with] = words[..] else { panic!("{text}") };
        let (account, container) = (account.to_owned(), container.to_owned());
        let settings = Settings { account, container, prefix: String::new(), endpoint: Some(endpoint.to_owned()) };
        Self { settings, key: key.to_owned(), sealed_with: PathBuf::from(sealed_with) }
    }

    fn words(&self) -> String {
        let Settings { account, container, endpoint, .. } = &self.settings;
        let (endpoint, sealed_with) = (endpoint.as_deref().unwrap_or_default(), self.sealed_with.display());
        format!("{account} {container} {endpoint} {} {sealed_with}", self.key)
    }

    fn access(&self) -> Access {
        Access::shared_key(&self.key).expect("a key")
    }

    fn blobs(&self) -> AzureBlobs {
        AzureBlobs::open(&self.settings, "shop", &self.access()).expect("the settings are fine")
    }

    fn store(&self) -> Store {
        let blobs = self.blobs();
        let machine = || Machine(Instant::now());
        let key = KeyFile::open(&self.sealed_with).expect("the key is there");
        Store::open(Parts {
            stack: "shop".into(),
            backend: "azurite".into(),
            register: Arc::new(blobs.clone()),
            blobs: Arc::new(blobs),
            keys: vec![Arc::new(key)],
            clock: Arc::new(machine()),
            entropy: Arc::new(machine()),
            writer: Writer { who: "test".into(), process: std::process::id(), ..Writer::default() },
            witness: None,
            accept_rollback: false,
        })
    }
}

async fn acquire(store: &Store, seconds: u64) -> Result<Session, StoreError> {
    let wait = Wait { timeout: Duration::from_secs(seconds), takeover: Takeover::Automatic };
    store.acquire(Purpose::Apply, &wait, &mut |_| {}).await
}

fn fact(text: &str) -> Vec<Fact> {
    vec![Fact::UndoBegan { because: text.to_owned() }]
}

/// Another run of siac: this very test, told by its environment what to do.
struct Run(Child, BufReader<ChildStdout>);

const ROLE: &str = "SIAC_TEST_AZURE_RUN";

impl Run {
    fn start(role: &str, place: &Place) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "another_run", "--nocapture", "--quiet"])
            .env(ROLE, format!("{role}\n{}", place.words()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Self(child, output)
    }

    /// The rest of the next line that begins with this word.
    fn hear(&mut self, word: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.1.read_line(&mut line).expect("it can be read") > 0, "it ended without saying `{word}`");
            if let Some(rest) = line.trim_end().strip_prefix(word) {
                return rest.trim().to_owned();
            }
        }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status();
        assert!(sent.expect("there is kill").success());
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn say(words: &str) {
    writeln!(std::io::stdout().lock(), "\n{words}").expect("someone listens");
}

/// Runs only as a process of its own, started by the tests below.
#[tokio::test]
async fn another_run() {
    let Ok(told) = std::env::var(ROLE) else { return };
    let (role, words) = told.split_once('\n').expect("a role and a place");
    let place = Place::told(words);
    assert_eq!(role, "sleep");
    sleep_through_the_lease(&place).await;
}

/// Takes the lock and is stopped by the test; afterwards writes as if nothing had happened, with the present version.
async fn sleep_through_the_lease(place: &Place) {
    let blobs = place.blobs().leased_for(LEASE);
    blobs.cas(None, b"1".to_vec(), Hold::Take).await.expect("the lock is free");
    say("holding");
    std::io::stdin().lock().read_line(&mut String::new()).expect("the test says when");
    for hold in [Hold::Keep, Hold::Release] {
        let (_, version) = blobs.read().await.expect("it can be read").expect("it was written");
        say(&format!("wrote {:?}", blobs.cas(Some(&version), b"late".to_vec(), hold).await));
    }
}

#[tokio::test]
async fn a_holder_that_was_stopped_beyond_its_lease_is_refused_by_the_service() {
    let (azurite, folder) = (Azurite::start(), tempfile::tempdir().expect("a folder"));
    let place = Place::on(&azurite, folder.path()).await;
    let mut holder = Run::start("sleep", &place);
    holder.hear("holding");
    holder.signal("STOP");
    let direct = Place { settings: Settings { endpoint: Some(azurite.upstream()), ..place.settings.clone() }, ..place };
    let other = direct.blobs();
    let (_, version) = other.read().await.expect("it can be read").expect("it was written");
    assert_eq!(other.cas(Some(&version), b"2".to_vec(), Hold::Take).await, Err(StoreFault::Held), "the lease lives");
    let until = Instant::now() + 4 * LEASE;
    let taken = loop {
        match other.cas(Some(&version), b"2".to_vec(), Hold::Take).await {
            Err(StoreFault::Held) if Instant::now() < until => tokio::time::sleep(Duration::from_millis(200)).await,
            taken => break taken.expect("the lease runs out"),
        }
    };
    // Not even a renewal that seems to succeed helps: the second write itself is refused, because of the lease that it names.
    azurite.proxy().add(Rule::on("comp=lease").after(1).fails(200, "", ""));
    holder.signal("CONT");
    writeln!(holder.0.stdin.as_ref().expect("a pipe")).expect("it listens");
    // It names the version that is there: only the lease is in its way.
    assert_eq!(holder.hear("wrote"), "Err(Held)");
    assert_eq!(
        azurite.proxy().count("^. PUT .*HEAD$"),
        2,
        "the first renewal was refused, so that nothing was written"
    );
    assert_eq!(holder.hear("wrote"), "Err(Held)");
    assert_eq!(azurite.proxy().count("^. PUT .*HEAD$"), 3, "the second one was not");
    let present = other.read().await.expect("it can be read").expect("it was written");
    assert_eq!(present, (b"2".to_vec(), taken), "nothing of the sleeper arrived");
}

#[tokio::test]
async fn a_run_whose_lease_is_broken_is_fenced_and_its_journal_is_kept() {
    let (azurite, folder) = (Azurite::start(), tempfile::tempdir().expect("a folder"));
    let place = Place::on(&azurite, folder.path()).await;
    let (mine, theirs) = (place.store(), place.store());
    let mut session = acquire(&mine, 0).await.expect("the lock is free");
    session.append(&fact("intent")).await.expect("the journal takes it");
    assert!(matches!(acquire(&theirs, 0).await, Err(StoreError::Held { .. })), "it lives");
    assert!(theirs.break_lock().await.expect("a lease can be broken").is_some());
    let fenced = session.publish(Snapshot::empty("shop")).await;
    assert!(matches!(fenced, Err(StoreError::Fenced { .. })), "{fenced:?}");
    let mut next = acquire(&theirs, 0).await.expect("the lock is free");
    assert_eq!(next.unmerged(), fact("intent"));
    assert_eq!(session.append(&fact("more")).await, Err(siac_engine::journal::JournalFault::Fenced));
    next.publish(Snapshot::empty("shop")).await.expect("it is published");
    assert_eq!(theirs.verify_all().await.expect("HEAD is in order").problems, Vec::<String>::new());
}

/// One whole run: take, append, publish and give back.
async fn one_run(place: &Place, text: &str) -> Result<u64, StoreError> {
    let mut session = acquire(&place.store(), 0).await?;
    session.append(&fact(text)).await.expect("the journal takes it");
    Ok(session.publish(Snapshot::empty("shop")).await?.snapshot.serial)
}

#[tokio::test]
async fn no_single_lost_request_or_answer_of_a_write_is_noticed_by_anyone() {
    let (azurite, folder) = (Azurite::start(), tempfile::tempdir().expect("a folder"));
    let place = Place::on(&azurite, folder.path()).await;
    one_run(&place, "first").await.expect("it is published");
    let before = azurite.proxy().count("^. PUT");
    let mut serial = one_run(&place, "second").await.expect("it is published");
    let writes = azurite.proxy().count("^. PUT") - before;
    assert!(writes >= 6, "lease, HEAD, seal, journal, snapshot, HEAD, release: {writes}");
    for number in 0..writes {
        for rule in [Rule::on("^. PUT").loses_request(), Rule::on("^. PUT").loses_answer()] {
            azurite.proxy().clear();
            azurite.proxy().add(rule.after(number).first(1));
            let next = one_run(&place, "troubled").await.expect("it is published");
            assert_eq!(next, serial + 1, "write {number}");
            serial = next;
            azurite.proxy().clear();
            assert_eq!(place.store().lock_status().await.expect("HEAD is there").and_then(|head| head.holder), None);
        }
    }
    assert_eq!(place.store().verify_all().await.expect("HEAD is in order").problems, Vec::<String>::new());
    let history = place.store().history().await.expect("it can be read");
    assert_eq!(history.iter().map(|entry| entry.serial).collect::<Vec<_>>(), (1..=serial).collect::<Vec<_>>());
}
