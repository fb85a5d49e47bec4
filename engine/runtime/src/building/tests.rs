use std::fs::Permissions;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::SystemTime;

use siac_core::model::event::Progress;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::sleep;

use super::*;
use crate::stop::{StopLevel, stop_switch};

/// A project with a folder `api`, and a workshop in it.
struct Yard {
    folder: tempfile::TempDir,
    workshop: Workshop,
}

impl Yard {
    fn new() -> Self {
        Self::stopped_by(Stop::never())
    }

    fn stopped_by(stop: Stop) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let api = folder.path().join("project/api");
        fs::create_dir_all(api.join("src")).unwrap();
        fs::write(api.join("src/a.js"), "a").unwrap();
        fs::write(api.join("package.json"), "{}").unwrap();
        let project = Project::open(&folder.path().join("project")).unwrap();
        let redact: Redact = Arc::new(|text| text.replace("hunter2", "(sensitive value)"));
        Self { folder, workshop: Workshop::new(project, Permission::Granted, redact, stop) }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("project").join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    fn identity(&self, recipe: &Recipe) -> String {
        self.workshop.identity(recipe).unwrap().to_string()
    }

    async fn make(&self, recipe: &Recipe) -> Outcome {
        self.heard(recipe).await.0
    }

    async fn heard(&self, recipe: &Recipe) -> (Outcome, Vec<Progress>) {
        let (news, heard) = unbounded_channel();
        let identity = self.workshop.identity(recipe).unwrap();
        let outcome = self.workshop.make(recipe.clone(), identity, Arc::default(), news).await;
        (outcome, drained(heard))
    }

    /// What is left in the folder of builds, besides locks.
    fn left(&self, folder: &str) -> usize {
        fs::read_dir(self.path(".siac/builds").join(folder)).unwrap().count()
    }
}

fn drained(mut heard: UnboundedReceiver<Progress>) -> Vec<Progress> {
    std::iter::from_fn(|| heard.try_recv().ok()).collect()
}

fn recipe(build: &str) -> Recipe {
    Recipe { build: Some(build.to_owned()), ..Recipe::of("api") }
}

/// The entries of a bundle: links with where they lead, programs with a star.
fn listed(packed: &Packed) -> Vec<String> {
    use std::io::Read;
    let mut archive = zip::ZipArchive::new(io::Cursor::new(&packed.bytes)).unwrap();
    let mut told = Vec::new();
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut content = String::new();
        let is_program = entry.unix_mode().unwrap() & 0o111 == 0o111;
        told.push(match entry.is_symlink() {
            true => {
                entry.read_to_string(&mut content).unwrap();
                format!("{name} -> {content}")
            }
            false if is_program => format!("{name}*"),
            false => name,
        });
    }
    told
}

#[test]
fn an_identity_is_of_what_goes_in_and_nothing_else() {
    let yard = Yard::new();
    let recipe = recipe("make");
    let identity = yard.identity(&recipe);
    let touched = File::open(yard.path("api/src/a.js")).unwrap();
    touched.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    yard.write("api/node_modules/x/index.js", "installed");
    yard.write("api/packages/p/node_modules/x/index.js", "installed");
    yard.write("api/.git/HEAD", "ref");
    yard.write("elsewhere/a.js", "a");
    assert_eq!(yard.identity(&recipe), identity);
    fs::rename(yard.path("api"), yard.path("moved")).unwrap();
    assert_eq!(yard.identity(&Recipe { path: "moved".into(), ..recipe.clone() }), identity);
    fs::rename(yard.path("moved"), yard.path("api")).unwrap();

    let mut seen = std::collections::BTreeSet::from([identity.clone()]);
    let mut is_new = |recipe: &Recipe, what: &str| assert!(seen.insert(yard.identity(recipe)), "{what}");
    is_new(&Recipe { build: Some("make all".into()), ..recipe.clone() }, "another command");
    is_new(&Recipe { build: None, ..recipe.clone() }, "no command");
    is_new(&Recipe { runtime: Some("nodejs22".into()), ..recipe.clone() }, "another runtime");
    is_new(&Recipe { architecture: Some("darwin-arm64".parse().unwrap()), ..recipe.clone() }, "other machines");
    is_new(&Recipe { add: [("b".to_owned(), "c".to_owned())].into(), ..recipe.clone() }, "an added file");
    fs::set_permissions(yard.path("api/src/a.js"), Permissions::from_mode(0o755)).unwrap();
    is_new(&recipe, "a program");
    symlink("a.js", yard.path("api/src/link")).unwrap();
    is_new(&recipe, "a link");
    yard.write("api/src/a.js", "b");
    is_new(&recipe, "another content");
    yard.write("api/.siacignore", ".siacignore\n[bundle]\nsrc\n");
    is_new(&recipe, "another bundle");
}

#[test]
fn what_this_machine_is_matters_where_something_is_built() {
    let yard = Yard::new();
    let here = host().to_string();
    let explicit = Recipe { architecture: here.parse().ok(), ..recipe("make") };
    assert_eq!(yard.identity(&explicit), yard.identity(&recipe("make")));
    let other: Architecture = "darwin-arm64".parse().unwrap();
    let project = Project::open(&yard.path("")).unwrap();
    assert_ne!(identity(&project, &recipe("make"), &other).unwrap(), yard.workshop.identity(&recipe("make")).unwrap());
    let plain = Recipe::of("api");
    assert_eq!(identity(&project, &plain, &other).unwrap(), yard.workshop.identity(&plain).unwrap());
}

#[test]
fn what_cannot_go_in_says_why() {
    let yard = Yard::new();
    let why = |recipe: &Recipe| yard.workshop.identity(recipe).unwrap_err();
    assert_eq!(why(&Recipe::of("gone")), "there is no `gone` in the project");
    assert!(why(&Recipe::of("api/package.json")).contains("is not a folder"));
    assert!(why(&Recipe::of("../outside")).contains("leads out of the project"));
    let add = [("src".to_owned(), String::new())].into();
    assert!(why(&Recipe { add, ..Recipe::of("api") }).contains("`src/a.js` is there already"));
}

#[tokio::test]
async fn a_build_happens_in_a_copy_and_once() {
    let yard = Yard::new();
    yard.write("api/.npmrc", "token");
    let command = "echo ran >> ../ran; mkdir -p out node_modules/.cache node_modules/.bin node_modules/x; \
                   echo made > out/made.js; echo x > node_modules/.cache/x; echo x > node_modules/x/cli.js; \
                   ln -s ../x/cli.js node_modules/.bin/x; chmod +x node_modules/x/cli.js; rm -r src";
    let (made, news) = yard.heard(&recipe(command)).await;
    let made = made.unwrap();
    let expected = ["node_modules/.bin/x -> ../x/cli.js", "node_modules/x/cli.js*", "out/made.js", "package.json"];
    assert_eq!(listed(&made), expected);
    assert_eq!(made.digest, Digest::of(&made.bytes));
    assert!(
        matches!(&news[..], [Progress::BuildBegan { source, .. }, Progress::BuildEnded { is_made: true, .. }] if source == "api"),
        "{news:?}"
    );
    assert!(yard.path("api/src/a.js").exists() && !yard.path("api/out").exists(), "the source is left alone");
    assert_eq!(yard.left("work"), 1, "only what the build wrote beside its folder");

    let (again, news) = yard.heard(&recipe(command)).await;
    assert_eq!((again.unwrap(), news), (made.clone(), vec![]));
    assert_eq!(yard.read(".siac/builds/work/ran"), "ran\n");
    // An earlier source is known as well.
    yard.write("api/src/a.js", "b");
    assert_eq!(yard.make(&recipe(command)).await.unwrap(), made, "the same files are the same bytes");
    yard.write("api/src/a.js", "a");
    assert!(yard.heard(&recipe(command)).await.1.is_empty());
}

#[tokio::test]
async fn without_a_command_the_folder_is_packed_with_what_is_added() {
    let yard = Yard::new();
    yard.write("api/node_modules/.cache/x", "x");
    yard.write("api/node_modules/x/index.js", "x");
    let add = [("run.sh".to_owned(), "#!/bin/sh\n".to_owned()), ("a/b".to_owned(), "b".to_owned())].into();
    let recipe = Recipe { add, ..Recipe::of("api") };
    let (made, news) = yard.heard(&recipe).await;
    let made = made.unwrap();
    assert_eq!(listed(&made), ["a/b", "node_modules/x/index.js", "package.json", "run.sh*", "src/a.js"]);
    assert!(news.is_empty());
    let denied = Workshop { permission: Permission::Denied("--untrusted"), ..yard.workshop.clone() };
    fs::remove_dir_all(yard.path(".siac")).unwrap();
    let identity = denied.identity(&recipe).unwrap();
    assert_eq!(denied.make(recipe, identity, Arc::default(), unbounded_channel().0).await.unwrap(), made);
}

#[tokio::test]
async fn nothing_is_run_where_it_is_forbidden() {
    let yard = Yard::new();
    let denied = Workshop { permission: Permission::Denied("--offline"), ..yard.workshop.clone() };
    let recipe = recipe("touch ../ran");
    let identity = denied.identity(&recipe).unwrap();
    let make = || denied.make(recipe.clone(), identity, Arc::default(), unbounded_channel().0);
    let failure = make().await.unwrap_err();
    assert!(failure.why.contains("`--offline` forbids that"), "{failure:?}");
    assert!(!yard.path(".siac").exists());
    // What is known may be used.
    let made = yard.make(&recipe).await.unwrap();
    assert_eq!(make().await.unwrap(), made);
}

#[tokio::test]
async fn a_failure_shows_the_last_lines_and_keeps_all_without_secrets() {
    let yard = Yard::new();
    let command = "seq 1 50; echo the key is hunter2; printf 'half\\rwhole\\n\\n' >&2; false; echo ne''ver";
    let (outcome, news) = yard.heard(&recipe(command)).await;
    let failure = outcome.unwrap_err();
    let lines: Vec<&str> = failure.why.lines().map(str::trim).collect();
    assert_eq!(lines[0], "the build failed: it ended with exit code 1; the last it said:");
    assert_eq!((lines.len(), lines[1], lines[19], lines[20]), (21, "33", "the key is (sensitive value)", "whole"));
    assert!(matches!(news.last(), Some(Progress::BuildEnded { is_made: false, .. })));
    let log = failure.help.strip_prefix("the whole output is in ").unwrap();
    let log = fs::read_to_string(log).unwrap();
    assert!(
        log.starts_with("$ seq 1 50;") && log.contains("\n1\n") && !log.contains("hunter2") && !log.contains("never\n")
    );
    assert_eq!(yard.left("work"), 0);
    let killed = yard.make(&recipe("kill -TERM $$")).await.unwrap_err();
    assert!(killed.why.contains("it was ended by signal 15, and said nothing"), "{killed:?}");
}

#[tokio::test]
async fn a_build_that_takes_too_long_is_killed_with_all_that_it_started() {
    let yard = Yard::new();
    let workshop = yard.workshop.clone().with_limit(Duration::from_millis(300));
    let pids = yard.path("pids");
    let recipe = recipe(&format!(
        "trap '' TERM; (trap '' TERM; sleep 61) & echo $! > {0}; echo $$ >> {0}; sleep 62",
        pids.display()
    ));
    let identity = workshop.identity(&recipe).unwrap();
    let failure = workshop.make(recipe, identity, Arc::default(), unbounded_channel().0).await.unwrap_err();
    assert!(failure.why.contains("took longer than"), "{failure:?}");
    let pids = fs::read_to_string(pids).unwrap();
    assert_eq!(pids.lines().count(), 2);
    for pid in pids.lines() {
        assert!(eventually_gone(pid).await, "{pid} is still there");
    }
    assert_eq!(yard.left("work"), 0);
}

async fn eventually_gone(pid: &str) -> bool {
    for _ in 0..200 {
        // A process that ended and that nobody has waited for yet does nothing any more.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if !std::path::Path::new("/proc/self").exists() || stat.is_empty() || stat.contains(") Z ") {
            return true;
        }
        sleep(Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test]
async fn what_a_build_leaves_running_ends_with_it() {
    let yard = Yard::new();
    let pid = yard.path("pid");
    let made = yard.make(&recipe(&format!("sleep 63 & echo $! > {}", pid.display()))).await;
    assert!(made.is_ok(), "{made:?}");
    let pid = fs::read_to_string(pid).unwrap();
    assert!(eventually_gone(pid.trim()).await);
}

#[tokio::test]
async fn an_interrupt_ends_a_build_and_those_that_wait() {
    let (switch, stop) = stop_switch();
    let yard = Yard::stopped_by(stop);
    let started = yard.path("started");
    let long = recipe(&format!("touch {}; sleep 64", started.display()));
    let (first, second, ()) = tokio::join!(yard.make(&long), yard.make(&long), async {
        while !started.exists() {
            sleep(Duration::from_millis(10)).await;
        }
        switch.ask(StopLevel::Drain);
    });
    assert!(first.unwrap_err().why.contains("interrupted"));
    assert!(second.unwrap_err().why.contains("interrupted"));
    assert_eq!(yard.left("work"), 0);
}

#[tokio::test]
async fn what_two_runs_want_is_built_once() {
    let yard = Yard::new();
    let counter = yard.path("counter");
    let recipe = recipe(&format!("echo ran >> {}; sleep 0.5", counter.display()));
    // Two workshops share nothing but the folder, as two processes do.
    let other = Workshop::new(
        Project::open(&yard.path("")).unwrap(),
        Permission::Granted,
        Arc::new(str::to_owned),
        Stop::never(),
    );
    let (news, heard) = unbounded_channel();
    let identity = other.identity(&recipe).unwrap();
    let (first, second) = tokio::join!(yard.make(&recipe), other.make(recipe.clone(), identity, Arc::default(), news));
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(fs::read_to_string(counter).unwrap(), "ran\n");
    assert!(drained(heard).iter().all(|news| !matches!(news, Progress::BuildEnded { is_made: false, .. })));
}

#[tokio::test]
async fn a_build_sees_no_secret_and_is_told_where_it_is() {
    let yard = Yard::new();
    let recipe = Recipe { runtime: Some("nodejs22".into()), ..recipe("env > seen; pwd > here") };
    let made = yard.make(&recipe).await.unwrap();
    let mut archive = zip::ZipArchive::new(io::Cursor::new(made.bytes)).unwrap();
    let seen = io::read_to_string(archive.by_name("seen").unwrap()).unwrap();
    assert!(seen.contains("CI=true\n") && seen.contains("SIAC_RUNTIME=nodejs22\n"), "{seen}");
    assert!(!seen.contains("CARGO_"), "{seen}");
    let here = io::read_to_string(archive.by_name("here").unwrap()).unwrap();
    assert!(here.contains("/.siac/builds/work/"), "{here}");
}

#[tokio::test]
async fn what_killed_builds_left_is_removed_by_the_next() {
    let yard = Yard::new();
    yard.workshop.shelf.prepare().unwrap();
    let recipe = recipe("test ! -e left");
    let own = yard.workshop.identity(&recipe).unwrap();
    let (dead, alive) = (Digest([own.0[0].wrapping_add(1); 32]), Digest([own.0[0].wrapping_add(2); 32]));
    for identity in [own, dead, alive] {
        yard.write(&format!(".siac/builds/work/{identity}/left"), "");
    }
    let _claim = yard.workshop.shelf.claim(&alive).unwrap().unwrap();
    let own = yard.make(&recipe).await;
    assert!(own.is_ok(), "{own:?}");
    assert!(!yard.path(&format!(".siac/builds/work/{dead}")).exists());
    assert!(yard.path(&format!(".siac/builds/work/{alive}")).exists());
}

#[tokio::test]
async fn a_source_that_changed_meanwhile_is_not_packed_under_the_wrong_name() {
    let yard = Yard::new();
    for recipe in [recipe("true"), Recipe::of("api")] {
        let identity = yard.workshop.identity(&recipe).unwrap();
        yard.write("api/src/a.js", &format!("changed for {:?}", recipe.build));
        let failure = yard.workshop.make(recipe, identity, Arc::default(), unbounded_channel().0).await.unwrap_err();
        assert!(failure.why.contains("the source changed"), "{failure:?}");
    }
}

#[tokio::test]
async fn links_of_a_workspace_survive_and_those_that_lead_out_are_refused() {
    let yard = Yard::new();
    yard.write("api/packages/lib/index.js", "lib");
    let build = "mkdir -p node_modules/@w; ln -s ../../packages/lib node_modules/@w/lib; ln -s \"$PWD/src\" node_modules/absolute";
    let made = yard.make(&recipe(build)).await.unwrap();
    let entries = listed(&made);
    assert!(entries.contains(&"node_modules/@w/lib -> ../../packages/lib".to_owned()), "{entries:?}");
    assert!(entries.contains(&"node_modules/absolute -> ../src".to_owned()), "{entries:?}");
    let failure = yard.make(&recipe("mkdir node_modules; ln -s ../../shared node_modules/shared")).await.unwrap_err();
    assert!(failure.why.contains("`node_modules/shared` is a link that leads out"), "{failure:?}");
}

#[tokio::test]
async fn a_native_module_for_other_machines_is_refused() {
    let yard = Yard::new();
    // The header of a binary for Linux on s390x.
    let header = "mkdir -p node_modules/n; printf '\\177ELF\\002\\001\\001\\0\\0\\0\\0\\0\\0\\0\\0\\0\\003\\0\\026\\0' > node_modules/n/n.node";
    let failure = yard.make(&recipe(header)).await.unwrap_err();
    assert!(
        failure.why.starts_with("`node_modules/n/n.node` is for linux-machine 22, and the artifact is for "),
        "{failure:?}"
    );
    yard.write("api/.siacignore", "[bundle]\n*.node\n");
    assert_eq!(listed(&yard.make(&recipe(header)).await.unwrap()), [".siacignore", "package.json", "src/a.js"]);
}

#[tokio::test]
async fn the_shelf_forgets_what_is_old_and_what_is_too_much() {
    let yard = Yard::new();
    for word in ["a", "b", "c"] {
        yard.make(&recipe(&format!("head -c 40000 /dev/urandom > {word}"))).await.unwrap();
    }
    let shelf = &yard.workshop.shelf;
    let now = SystemTime::now();
    let made = shelf.made();
    assert_eq!((made.len(), made[0].source.as_str()), (3, "api"));
    assert!(made.iter().all(|made| made.size > 40_000));
    assert_eq!(shelf.clear(IDLE, CAPACITY, now).unwrap(), Cleared::default());
    // Only two of them fit; their bundles stay a while, as another run may be about to name them.
    let capacity = made.iter().take(2).map(|made| made.size).sum();
    assert_eq!(shelf.clear(IDLE, capacity, now).unwrap(), Cleared { artifacts: 1, bytes: 0 });
    assert_eq!(shelf.made(), made[..2]);
    let later = now + Duration::from_secs(2 * 3_600);
    assert_eq!(shelf.clear(IDLE, capacity, later).unwrap(), Cleared { artifacts: 0, bytes: made[2].size });
    assert_eq!((yard.left("bundles"), yard.left("logs")), (2, 2));
    let cleared = shelf.clear(Duration::ZERO, CAPACITY, now).unwrap();
    assert_eq!((cleared.artifacts, yard.left("made"), yard.left("bundles"), yard.left("logs")), (2, 0, 0, 0));
}

#[tokio::test]
async fn a_damaged_artifact_is_made_again() {
    let yard = Yard::new();
    let made = yard.make(&recipe("true")).await.unwrap();
    yard.write(&format!(".siac/builds/bundles/{}.zip", made.digest), "damaged");
    assert_eq!(yard.make(&recipe("true")).await.unwrap(), made);
}
