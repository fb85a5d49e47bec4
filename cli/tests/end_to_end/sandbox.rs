//! A project folder with a home of its own, and the binary that works in it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A project that vanishes with everything it started.
pub struct Sandbox {
    folder: TempDir,
    name: String,
    /// Environment variables that every run of the binary gets.
    pub environment: Vec<(String, String)>,
}

/// What one run of the binary said.
#[derive(Debug)]
pub struct Run {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Sandbox {
    /// An empty project.
    pub fn new() -> Self {
        Self::named("project")
    }

    /// An empty project in a folder of this name.
    pub fn named(name: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("siac-").tempdir().expect("a temporary folder");
        let sandbox = Self { folder, name: name.to_owned(), environment: Vec::new() };
        fs::create_dir_all(sandbox.home()).expect("a home");
        sandbox.write("siac.toml", "");
        sandbox
    }

    /// The project's folder.
    pub fn project(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    /// The home of whoever runs the binary.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Everything the binary may have written.
    pub fn everything(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of the project.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
        fs::write(path, text).expect("files can be written");
    }

    /// A file of the project; empty when there is none.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.project().join(path)).unwrap_or_default()
    }

    /// The binary, ready to run in the project without a terminal.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_siac"));
        command.args(arguments).current_dir(self.project()).env_clear();
        command.env("PATH", std::env::var("PATH").unwrap_or_default()).env("HOME", self.home());
        command.envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the binary to its end.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.command(arguments).output().expect("the binary runs").into()
    }

    /// Runs the binary, which must succeed.
    pub fn succeed(&self, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "siac {}\n{}\n{}", arguments.join(" "), run.stdout, run.stderr);
        run
    }

    /// Runs the binary, which must end with this code.
    pub fn fail(&self, code: i32, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, code, "siac {}\n{}\n{}", arguments.join(" "), run.stdout, run.stderr);
        run
    }

    /// Starts the binary and answers at once.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("the binary starts")
    }

    /// The processes whose command line names the sandbox, or that work in it.
    pub fn processes(&self) -> Vec<u32> {
        let wanted = self.folder.path().to_string_lossy().into_owned();
        let numbered = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = numbered.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok());
        pids.filter(|pid: &u32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let place = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&wanted) || place.starts_with(&wanted)
        })
        .collect()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for pid in self.processes() {
            let _ = signal(pid, "KILL");
        }
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Run {
    /// Everything said.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Asserts that something was said.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        assert!(self.all().contains(words), "expected {words:?} in:\n{}", self.all());
        self
    }
}

/// Sends a signal to a process.
pub fn signal(pid: u32, name: &str) -> bool {
    Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// Waits until a condition holds; answers whether it ever did.
pub fn eventually(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < limit {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    false
}

/// The repository that the tests belong to.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the folder is there").flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == "node_modules" {
            continue;
        }
        match source.is_dir() {
            true => copy(&source, &target),
            false => drop(fs::copy(source, target).expect("files can be copied")),
        }
    }
}

/// A project with the repository's stacks and services.
pub fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    for folder in ["stacks", "services"] {
        copy(&repository().join(folder), &sandbox.project().join(folder));
    }
    sandbox
}

/// A port that nobody listens on now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
