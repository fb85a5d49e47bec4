//! The function behind a component: the code that runs, on what, and how much of it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::access::Permission;
use super::measures::{Memory, Ratio, Refusal, Timeout};
use super::runtime::Runtime;
use super::traffic::Traffic;
use crate::model::duration::written;
use crate::model::number::Number;
use crate::model::value::{Partial, Value};

/// Code that runs on demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerlessFunction {
    pub(super) code: Code,
    pub(super) memory: Option<Memory>,
    pub(super) timeout: Option<Timeout>,
    pub(super) environment: BTreeMap<String, Partial>,
    pub(super) permissions: Vec<Permission>,
    pub(super) scaling: Scaling,
    pub(super) health: Option<Health>,
    pub(super) network: Network,
    pub(super) traffic: Traffic,
    pub(super) alarms: Alarms,
}

impl ServerlessFunction {
    /// What runs.
    pub fn code(&self) -> &Code {
        &self.code
    }

    /// The memory of one instance, when the stack says; otherwise [`Memory::DEFAULT`] is meant.
    pub fn memory(&self) -> Option<Memory> {
        self.memory
    }

    /// How long one request may take, when the stack says; otherwise [`Timeout::DEFAULT`] is meant.
    pub fn timeout(&self) -> Option<Timeout> {
        self.timeout
    }

    /// The variables of its environment: names that a shell accepts, none that the platform sets itself. Values may be holes.
    pub fn environment(&self) -> &BTreeMap<String, Partial> {
        &self.environment
    }

    /// What it may do to others. Nothing else is granted.
    pub fn permissions(&self) -> &[Permission] {
        &self.permissions
    }

    /// How many instances there are.
    pub fn scaling(&self) -> &Scaling {
        &self.scaling
    }

    /// How it is seen that it works.
    pub fn health(&self) -> Option<&Health> {
        self.health.as_ref()
    }

    /// What it can reach, and from where it can be reached.
    pub fn network(&self) -> Network {
        self.network
    }

    /// How a new release takes over.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// When people are told.
    pub fn alarms(&self) -> &Alarms {
        &self.alarms
    }
}

/// The project of a component, and where in it the code starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    pub(super) source: String,
    pub(super) build: Option<String>,
    pub(super) runtime: Runtime,
    pub(super) architecture: Option<Architecture>,
    pub(super) start: Start,
}

impl Code {
    /// The project's folder, as the stack writes it: relative to the folder of its module.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The command that builds it, run when the artifact's identity is new.
    pub fn build(&self) -> Option<&str> {
        self.build.as_deref()
    }

    /// What it runs on.
    pub fn runtime(&self) -> Runtime {
        self.runtime
    }

    /// Which processors it runs on, when the stack says.
    pub fn architecture(&self) -> Option<Architecture> {
        self.architecture
    }

    /// Where it starts.
    pub fn start(&self) -> &Start {
        &self.start
    }

    /// The attribute `source` of whatever runs it: the folder alone, or with the command that builds it, for this architecture (without one, for
    /// machines like the one that builds). `add` are files that the platform needs beside the project's, by path.
    pub fn recipe<'a>(&self, architecture: Option<&str>, add: impl IntoIterator<Item = (&'a str, &'a str)>) -> Partial {
        let add: BTreeMap<String, Partial> =
            add.into_iter().map(|(path, text)| (path.to_owned(), Value::string(text))).collect();
        let mut recipe = BTreeMap::from([("path".to_owned(), Value::string(&self.source))]);
        if let Some(build) = &self.build {
            recipe.insert("build".to_owned(), Value::string(build));
            recipe.insert("runtime".to_owned(), Value::string(self.runtime.to_string()));
        }
        // What is packed as it is may hold binaries too, and is refused when they are for other machines.
        recipe.extend(architecture.map(|it| ("architecture".to_owned(), Value::string(it))));
        if !add.is_empty() {
            recipe.insert("add".to_owned(), Value::Map(add));
        }
        match recipe.len() {
            1 => Value::string(&self.source),
            _ => Value::Map(recipe),
        }
    }
}

/// Where code starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// An unchanged server: this file, relative to the project's folder, listens on the port in the variable PORT.
    Server {
        /// The file.
        entry: String,
    },
    /// A function that is called for each request.
    Handler(Handler),
    /// A function for each of the things that happen to a WebSocket.
    Events(super::websocket::Events),
}

/// A function that a file exports: `dist/index.handler`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handler {
    file: String,
    export: String,
}

impl Handler {
    /// What `FILE.EXPORT` names; the file is without its extension.
    ///
    /// # Errors
    /// When it is not of that form.
    pub fn named(text: &str) -> Result<Self, Refusal> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '.' | '$');
        let parts = text.rsplit_once('.').filter(|(file, export)| {
            !file.is_empty()
                && !file.ends_with('/')
                && !export.is_empty()
                && !export.contains('/')
                && text.chars().all(is_plain)
        });
        parts.map(|(file, export)| Self { file: file.to_owned(), export: export.to_owned() }).ok_or_else(|| {
            Refusal::new(
                format!("`{text}` names no exported function"),
                "write FILE.EXPORT without the file's extension, such as `dist/index.handler`",
            )
        })
    }

    /// The file without its extension, relative to the project's folder.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The name that it exports.
    pub fn export(&self) -> &str {
        &self.export
    }
}

impl std::fmt::Display for Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.file, self.export)
    }
}

/// Processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit x86.
    X64,
    /// 64-bit ARM.
    Arm64,
}

impl Architecture {
    /// The word in stack files, which is Node.js's.
    pub fn word(self) -> &'static str {
        match self {
            Self::X64 => "x64",
            Self::Arm64 => "arm64",
        }
    }
}

/// How many instances there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scaling {
    min: u32,
    max: Option<u32>,
    target_utilization: Option<Ratio>,
}

/// How many instances may be asked for: the most that any of those who run components offers (Azure Functions: 1,000).
const MOST_INSTANCES: u32 = 1_000;

impl Scaling {
    /// From `min` to `max` instances, more when they are busier than `target_utilization`.
    ///
    /// # Errors
    /// When the numbers are out of bounds, or `min` is above `max`.
    pub fn new(min: Option<&Number>, max: Option<&Number>, target: Option<Ratio>) -> Result<Self, Refusal> {
        let count = |name: &str, number: &Number, least: u32| {
            let count = number.as_usize().and_then(|count| u32::try_from(count).ok());
            count.filter(|count| (least..=MOST_INSTANCES).contains(count)).ok_or_else(|| {
                let why = format!("`{name}` is a number of instances from {least} to {MOST_INSTANCES}, not {number}");
                Refusal::new(why, "write a number within these bounds")
            })
        };
        let min = min.map(|number| count("min", number, 0)).transpose()?.unwrap_or_default();
        let max = max.map(|number| count("max", number, 1)).transpose()?;
        match max {
            Some(max) if max < min => {
                Err(Refusal::new(format!("`min` is {min} and `max` is {max}"), "let `max` be at least `min`"))
            }
            _ => Ok(Self { min, max, target_utilization: target }),
        }
    }

    /// How many are always there; 0 when none need be.
    pub fn min(&self) -> u32 {
        self.min
    }

    /// How many there are at most, when the stack says.
    pub fn max(&self) -> Option<u32> {
        self.max
    }

    /// How busy they are meant to be.
    pub fn target_utilization(&self) -> Option<&Ratio> {
        self.target_utilization.as_ref()
    }
}

/// How it is seen that a component works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    path: String,
    within: Duration,
}

/// How long a release may take to answer at first. A choice of this project.
const LONGEST_WITHIN: Duration = Duration::from_secs(600);

impl Health {
    /// How long a release may take when nothing is said. A choice of this project.
    pub const WITHIN: Duration = Duration::from_secs(30);

    /// A path that answers with a status below 400, at first within this time.
    ///
    /// # Errors
    /// When it is no path of a URL, or the time is too long.
    pub fn new(path: &str, within: Duration) -> Result<Self, Refusal> {
        if !path.starts_with('/') || path.contains(|c: char| c.is_whitespace() || c.is_control()) {
            let why = format!("`path` is the path of a URL, which begins with `/`, not {path:?}");
            return Err(Refusal::new(why, "write `path = \"/health\"`"));
        }
        match within <= LONGEST_WITHIN {
            true => Ok(Self { path: path.to_owned(), within }),
            false => Err(Refusal::new(
                format!("a release may take at most 10m to become ready, not {}", written(within)),
                "write `within = \"60s\"`, and let the program do long work after it listens",
            )),
        }
    }

    /// The path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How long a release may take until it answers.
    pub fn within(&self) -> Duration {
        self.within
    }
}

/// What a component can reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    /// Access by identity; nothing is public but the endpoint.
    #[default]
    Private,
    /// Inside a network of its own, with what that costs.
    Vpc,
}

/// When people are told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alarms {
    pub(super) error_rate: Option<Ratio>,
    pub(super) latency: Option<Duration>,
}

impl Alarms {
    /// The part of requests that may fail.
    pub fn error_rate(&self) -> Option<&Ratio> {
        self.error_rate.as_ref()
    }

    /// How long 95 of 100 requests may take at most.
    pub fn latency(&self) -> Option<Duration> {
        self.latency
    }
}
