//! Artifacts that are built: what runs, what is kept, and what happens when it goes wrong.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use super::sandbox::{Sandbox, eventually, signal};

/// A sandbox with a folder `api`, whose build is counted in a file beside it.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("api/main.js", "one\n");
    sandbox
}

/// A stack whose archive is built by this command.
fn stack(build: &str) -> String {
    format!(
        "[stack]\nname = \"built\"\n\n[resource.local_archive.bundle]\npath = \"out/app.zip\"\n\
         source = {{ path = \"api\", build = \"\"\"{build}\"\"\", runtime = \"nodejs22\" }}\n"
    )
}

/// A build that is counted, and makes one file of another.
fn counting(sandbox: &Sandbox) -> String {
    stack(&format!(
        "echo ran >> {}/count; mkdir dist; tr a-z A-Z < main.js > dist/main.js",
        sandbox.project().display()
    ))
}

fn count(sandbox: &Sandbox) -> usize {
    sandbox.read("count").lines().count()
}

fn bundle(sandbox: &Sandbox) -> Vec<u8> {
    fs::read(sandbox.project().join("out/app.zip")).expect("the archive")
}

#[test]
fn a_source_is_built_once_and_an_unchanged_one_is_an_empty_plan() {
    let sandbox = sandbox();
    sandbox.write("stack.toml", &counting(&sandbox));
    let planned = sandbox.succeed(&["plan", "stack.toml"]);
    planned
        .says("building api: echo ran")
        .says("building api: done")
        .says("source    = artifact ")
        .says("… (built from ");
    assert!(!sandbox.project().join("api/dist").exists(), "the source is left alone");
    // The plan carries what was built.
    fs::remove_dir_all(sandbox.project().join(".siac/builds")).expect("the shelf can go");
    sandbox.succeed(&["apply", "--auto-approve"]);
    assert_eq!(count(&sandbox), 1);
    let first = bundle(&sandbox);

    // What the snapshot knows needs no shelf, and no permission.
    let run = sandbox.succeed(&["plan", "stack.toml", "--untrusted"]);
    run.says("No changes");
    sandbox.write("api/node_modules/x/index.js", "installed by hand");
    fs::File::open(sandbox.project().join("api/main.js"))
        .unwrap()
        .set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    sandbox.succeed(&["plan", "stack.toml", "--offline"]).says("No changes");

    // Another runtime is another identity. The same bytes come out, and no object is touched.
    sandbox.write("stack.toml", &counting(&sandbox).replace("nodejs22", "nodejs24"));
    let plan = sandbox.succeed(&["plan", "stack.toml"]);
    plan.says("is only remembered differently")
        .says("~ source = artifact ")
        .says("Plan: 0 to add, 0 to change, 0 to destroy");
    sandbox.succeed(&["apply", "--auto-approve"]);
    sandbox.succeed(&["plan", "stack.toml", "--untrusted"]).says("No changes");
    assert_eq!((bundle(&sandbox), count(&sandbox)), (first.clone(), 2));

    sandbox.write("api/main.js", "two\n");
    sandbox.fail(1, &["plan", "stack.toml", "--untrusted"]).says("`--untrusted` forbids").says("stack.toml:");
    sandbox.fail(1, &["plan", "stack.toml", "--offline"]).says("`--offline` forbids");
    assert_eq!(count(&sandbox), 2);
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]).says("~ source").says(" -> artifact ");
    assert_ne!(bundle(&sandbox), first);
    assert_eq!(count(&sandbox), 3);

    // The source is gone: what ran is in the state.
    fs::remove_dir_all(sandbox.project().join("api")).expect("the source can go");
    fs::remove_dir_all(sandbox.project().join(".siac/builds")).expect("the shelf can go");
    sandbox.succeed(&["rollback", "--to", "1", "--stack", "stack.toml", "--auto-approve"]);
    assert_eq!((bundle(&sandbox), count(&sandbox)), (first, 3));
    sandbox.fail(1, &["plan", "stack.toml"]).says("there is no `api` in the project");
    sandbox.fail(1, &["validate", "stack.toml"]).says("there is no `api` in the project");
    sandbox.succeed(&["snapshot", "verify", "--stack", "stack.toml"]).says("2 artifacts");
    sandbox.succeed(&["snapshot", "prune", "--keep", "1", "--auto-approve", "stack.toml"]).says("1 artifacts");
    sandbox.succeed(&["destroy", "stack.toml", "--auto-approve"]);
    assert_eq!(count(&sandbox), 3);
}

#[test]
fn what_was_built_here_before_is_not_built_again() {
    let sandbox = sandbox();
    sandbox.write("stack.toml", &counting(&sandbox));
    for text in ["one\n", "two\n", "one\n"] {
        sandbox.write("api/main.js", text);
        sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    }
    assert_eq!(count(&sandbox), 2);
    let listed = sandbox.succeed(&["build", "list"]).stdout;
    assert_eq!(listed.lines().count(), 3, "{listed}");
    sandbox.succeed(&["doctor", "stack.toml"]).says("2 artifacts");
    sandbox.succeed(&["build", "prune"]).says("deleted 0 artifacts");
    sandbox.succeed(&["build", "prune", "--older-than", "0"]).says("deleted 2 artifacts");
    sandbox.succeed(&["build", "list"]).says("nothing that was built");
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
}

#[test]
fn a_build_that_fails_says_where_and_shows_its_end() {
    let sandbox = sandbox();
    sandbox.write("stack.toml", &stack("echo the beginning; echo no such module >&2; exit 7"));
    sandbox.succeed(&["validate", "stack.toml"]);
    assert!(!sandbox.project().join(".siac/builds").exists(), "validating builds nothing");
    let run = sandbox.fail(1, &["plan", "stack.toml"]);
    run.says("error[build]: an artifact cannot be built")
        .says("stack.toml:6")
        .says("exit code 7")
        .says("no such module");
    let path =
        run.all().split("the whole output is in ").nth(1).and_then(|rest| rest.lines().next().map(str::to_owned));
    let log = fs::read_to_string(path.expect("the log's path").trim()).expect("the log");
    assert!(log.contains("the beginning"), "{log}");
    sandbox.write("stack.toml", &stack("true").replace("runtime =", "runtme ="));
    sandbox.fail(1, &["validate", "stack.toml"]).says("error[recipe]").says("did you mean `runtime`?");
}

#[test]
fn no_secret_of_the_stack_reaches_a_build_or_its_log() {
    let mut sandbox = sandbox();
    let secret = "canary-5c81f0-canary";
    sandbox.environment.push(("npm_config_token".to_owned(), secret.to_owned()));
    sandbox.environment.push(("npm_config_color".to_owned(), "always".to_owned()));
    // A build finds it elsewhere, and says it.
    sandbox.write("api/.env", &format!("TOKEN={secret}\n"));
    let build = "env | grep npm_config_color; ! env | grep npm_config_token; cat .env; rm .env; exit 1";
    let declared =
        "[secret.token]\nfrom = \"env:npm_config_token\"\n\n[resource.local_value.v]\ninput = \"${secret.token}\"\n\n";
    sandbox.write("stack.toml", &stack(build).replace("[resource.", &format!("{declared}[resource.")));
    let run = sandbox.fail(1, &["plan", "stack.toml"]);
    run.says("npm_config_color=always").says("TOKEN=(sensitive value)");
    assert!(!run.all().contains(secret));
    let logs = fs::read_dir(sandbox.project().join(".siac/builds/logs")).expect("logs").flatten();
    let log = logs.map(|entry| fs::read_to_string(entry.path()).expect("a log")).collect::<String>();
    assert!(log.contains("TOKEN=(sensitive value)") && !log.contains(secret), "{log}");
}

#[test]
fn an_interrupt_ends_a_build_at_once_and_leaves_nothing() {
    let sandbox = sandbox();
    let pid = sandbox.project().join("pid");
    sandbox.write("stack.toml", &stack(&format!("echo $$ > {0}.new; mv {0}.new {0}; sleep 600", pid.display())));
    let mut child = sandbox.start(&["apply", "stack.toml", "--auto-approve"]);
    assert!(eventually(Duration::from_secs(30), || pid.exists()), "the build begins");
    assert!(signal(child.id(), "INT"));
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert!(eventually(Duration::from_secs(10), || is_gone(&pid)), "the build is still there");
    assert_eq!(fs::read_dir(sandbox.project().join(".siac/builds/work")).expect("a folder").count(), 0);
    sandbox.succeed(&["lock", "status", "stack.toml"]).says("free");
}

#[test]
fn a_build_ends_with_a_siac_that_is_killed_and_the_next_one_begins_afresh() {
    let sandbox = sandbox();
    let pid = sandbox.project().join("pid");
    let hang = sandbox.project().join("hang");
    sandbox.write("hang", "");
    let build = format!(
        "test ! -e left; touch left; echo $$ > {0}.new; mv {0}.new {0}; while test -e {1}; do sleep 0.1; done",
        pid.display(),
        hang.display()
    );
    sandbox.write("stack.toml", &stack(&build));
    let mut child = sandbox.start(&["plan", "stack.toml"]);
    assert!(eventually(Duration::from_secs(30), || pid.exists()), "the build begins");
    assert!(signal(child.id(), "KILL"));
    child.wait().expect("it is gone");
    assert!(eventually(Duration::from_secs(10), || is_gone(&pid)), "the build outlives siac");
    fs::remove_file(hang).expect("nothing hangs any more");
    sandbox.succeed(&["plan", "stack.toml"]).says("building api: done");
}

/// Whether the process whose number is in a file has ended.
fn is_gone(pid: &Path) -> bool {
    let pid = fs::read_to_string(pid).unwrap_or_default();
    !signal(pid.trim().parse().expect("a number"), "0")
}

/// What a server answers.
fn ask(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET / HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer.split_once("\r\n\r\n")?.1.trim().to_owned())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("folders can be made");
    for entry in fs::read_dir(from).expect("a fixture").flatten() {
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).expect("a file can be copied")),
        }
    }
}

/// `npm ci` with a lock file, TypeScript with references, a workspace whose packages are links, an ES module that imports a CommonJS one;
/// as a service, changed and rolled back. Installs two small packages from the registry.
#[test]
fn a_workspace_of_npm_is_built_run_and_rolled_back() {
    let mut sandbox = Sandbox::new();
    for (name, value) in std::env::vars() {
        let reaches_the_registry = ["npm_config_", "http_proxy", "https_proxy", "no_proxy", "node_extra_ca_certs"];
        if reaches_the_registry.iter().any(|start| name.to_lowercase().starts_with(start)) {
            sandbox.environment.push((name, value));
        }
    }
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/workspace"),
        &sandbox.project().join("services"),
    );
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let stack = format!(
        "[stack]\nname = \"workspace\"\n\n[resource.local_service.api]\nport = {port}\n\
         command = [\"node\", \"packages/api/dist/server.js\"]\nhealth = {{ path = \"/\", within = \"60s\" }}\n\
         source = {{ path = \"../services\", build = \"npm ci && npm run build && npm prune --omit=dev\" }}\n"
    );
    sandbox.write("stacks/api.toml", &stack);
    sandbox.succeed(&["apply", "stacks/api.toml", "--auto-approve"]);
    assert_eq!(ask(port).as_deref(), Some("version 1 runs for 1 day"));
    let releases = fs::read_dir(sandbox.project().join(".siac/releases")).expect("releases").flatten();
    let release = releases.map(|entry| entry.path()).next().expect("a release");
    let link = fs::read_link(release.join("node_modules/@workspace/lib")).expect("a link");
    assert_eq!(link, Path::new("../../packages/lib"));
    assert!(!release.join("packages/api/src").exists() && !release.join("node_modules/typescript").exists());
    sandbox.succeed(&["plan", "stacks/api.toml"]).says("No changes");

    let server = sandbox.read("services/packages/api/src/server.ts");
    sandbox.write("services/packages/api/src/server.ts", &server.replace("version 1", "version 2"));
    sandbox.succeed(&["apply", "stacks/api.toml", "--auto-approve"]);
    assert!(eventually(Duration::from_secs(10), || ask(port).as_deref() == Some("version 2 runs for 1 day")));
    fs::remove_dir_all(sandbox.project().join("services")).expect("the source can go");
    fs::remove_dir_all(sandbox.project().join(".siac/releases")).expect("releases can go");
    sandbox.succeed(&["rollback", "--to", "1", "--stack", "stacks/api.toml", "--auto-approve"]);
    assert!(eventually(Duration::from_secs(10), || ask(port).as_deref() == Some("version 1 runs for 1 day")));
    sandbox.succeed(&["destroy", "stacks/api.toml", "--auto-approve"]);
}
