//! Guides keep their word: every file that they show is written, every command run, and what they say it prints is looked for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::sandbox::{Sandbox, free_port};

/// One thing that a guide asks of its reader.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// A file with this content.
    File { path: String, content: String },
    /// A command, the exit code that the guide tells (0 where it tells none), and the lines that it is said to print.
    Run { line: usize, command: String, code: i32, prints: Vec<String> },
}

/// The steps of a guide. A file is a fenced block after a line that ends in "`path`:"; a command starts with `$ ` in a `console` block,
/// tells another exit code than 0 as `# exits with 13`, and is followed by what it prints, in which `…` stands for anything.
fn steps(guide: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = guide.lines().enumerate();
    let mut file = None;
    while let Some((_, line)) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            file = if line.is_empty() { file } else { named_file(line) };
            continue;
        };
        let block: Vec<(usize, &str)> = lines.by_ref().take_while(|(_, line)| *line != "```").collect();
        match (language, file.take()) {
            ("console", _) => steps.extend(runs(&block)),
            (_, Some(path)) => {
                let content = block.iter().map(|(_, line)| format!("{line}\n")).collect();
                steps.push(Step::File { path, content });
            }
            _ => {}
        }
    }
    steps
}

fn named_file(line: &str) -> Option<String> {
    let (_, path) = line.strip_suffix("`:")?.rsplit_once('`')?;
    Some(path.to_owned())
}

fn runs(block: &[(usize, &str)]) -> Vec<Step> {
    let mut runs: Vec<Step> = Vec::new();
    for (number, line) in block {
        match (line.strip_prefix("$ "), runs.last_mut()) {
            (Some(command), _) => {
                let told = command.rsplit_once("# exits with ").and_then(|(_, code)| code.trim().parse().ok());
                let (command, code) = (command.to_owned(), told.unwrap_or(0));
                runs.push(Step::Run { line: number + 1, command, code, prints: Vec::new() });
            }
            (None, Some(Step::Run { prints, .. })) => prints.push((*line).to_owned()),
            (None, _) => {}
        }
    }
    runs
}

/// A reader who does everything that a guide says.
struct Reader {
    sandbox: Sandbox,
    folder: PathBuf,
    /// What stands in the guide, and what is meant here: its ports may be taken on this machine.
    ports: Vec<(String, String)>,
}

impl Reader {
    fn new(ports: &[u16]) -> Self {
        let sandbox = Sandbox::named("reader");
        let _ = fs::remove_file(sandbox.project().join("siac.toml"));
        let ports = ports.iter().map(|port| (port.to_string(), free_port().to_string())).collect();
        Self { folder: sandbox.project(), sandbox, ports }
    }

    fn here(&self, text: &str) -> String {
        self.ports.iter().fold(text.to_owned(), |text, (told, meant)| text.replace(told, meant))
    }

    fn follow(&mut self, guide: &str, step: &Step) {
        match step {
            Step::File { path, content } => {
                let path = self.folder.join(path);
                fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
                fs::write(path, self.here(content)).expect("files can be written");
            }
            Step::Run { line, command, code, prints } => {
                let (said, ended) = self.run(&self.here(command));
                assert_eq!(ended, *code, "{guide}:{line}: $ {command}\n{said}");
                for told in prints.iter().filter(|line| !matches!(line.trim(), "" | "…")) {
                    let told = self.here(told);
                    assert!(
                        is_said(&said, &told),
                        "{guide}:{line}: $ {command}\nis told to print\n{told}\nand prints\n{said}"
                    );
                }
                if let Some(to) = command.strip_prefix("cd ") {
                    let to = self.folder.join(to.split_whitespace().next().unwrap_or("."));
                    self.folder = to.canonicalize().expect("the folder is there");
                }
            }
        }
    }

    /// What a command says, on both streams, and its exit code.
    fn run(&self, command: &str) -> (String, i32) {
        let own = Path::new(env!("CARGO_BIN_EXE_siac")).parent().expect("a program has a folder");
        let path = format!("{}:{}", own.display(), std::env::var("PATH").unwrap_or_default());
        let mut shell = Command::new("bash");
        shell.args(["-o", "pipefail", "-c", &format!("exec 2>&1; {command}")]).current_dir(&self.folder);
        let npm = std::env::vars().filter(|(name, _)| name.to_ascii_lowercase().starts_with("npm_config_"));
        shell.env_clear().env("PATH", path).env("HOME", self.sandbox.home()).envs(npm);
        let output = shell.output().expect("bash runs");
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().unwrap_or(-1))
    }
}

/// Whether some line reads as it is told, where `…` stands for anything.
fn is_said(said: &str, told: &str) -> bool {
    let parts: Vec<&str> = told.trim_end().split('…').collect();
    let reads = |line: &str| {
        let Some(mut rest) = line.strip_prefix(parts[0]) else { return false };
        for part in &parts[1..] {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.is_empty() || parts.last() == Some(&"")
    };
    said.lines().map(str::trim_end).any(reads)
}

/// Follows a guide from its first step to its last.
fn follow(guide: &str, ports: &[u16]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides").join(guide);
    let text = fs::read_to_string(path).expect("the guide is there");
    let mut reader = Reader::new(ports);
    let steps = steps(&text);
    assert!(steps.iter().any(|step| matches!(step, Step::Run { .. })), "{guide} has commands");
    for step in &steps {
        reader.follow(guide, step);
    }
    assert_eq!(reader.sandbox.processes(), Vec::<u32>::new(), "the guide leaves nothing running");
}

#[test]
fn an_express_app_is_deployed_step_by_step() {
    follow("local.md", &[8080, 8081]);
}

#[test]
fn steps_are_read_as_a_reader_would() {
    let guide = "Write `a/b.js`:\n\n```js\nx\n```\n\nand run\n\n```console\n$ false   # exits with 1\n$ echo one; echo two\none\n…\n```\n\n```toml\nno file\n```\n";
    let run = |line, command: &str, code, prints: &[&str]| Step::Run {
        line,
        command: command.to_owned(),
        code,
        prints: prints.iter().map(|line| (*line).to_owned()).collect(),
    };
    let expected = [
        Step::File { path: "a/b.js".to_owned(), content: "x\n".to_owned() },
        run(10, "false   # exits with 1", 1, &[]),
        run(11, "echo one; echo two", 0, &["one", "…"]),
    ];
    assert_eq!(steps(guide), expected);
    assert!(is_said("a\nsnapshot 3 (9f) is published\n", "snapshot 3 (…) is published"));
    assert!(!is_said("snapshot 3 (9f) is lost\n", "snapshot 3 (…) is published"));
}
