//! What commands share: which stack is meant, with which values, and what failures of the engine are called here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use siac_core::language::load::GivenVariables;
use siac_core::model::diagnostic::{Diagnostics, SourceMap, did_you_mean};
use siac_core::model::plan::Plan;
use siac_core::planning::Options;
use siac_engine::site::Site;
use siac_engine::store::{Store, StoreError, Wait};
use siac_engine::use_cases::Failed;
use siac_engine::use_cases::loading::{self, LoadedStack, Located, StackChoice};

use siac_provider_local::secrets::LocalSecrets;

use crate::adapters;
use crate::arguments::{Cli, LockOptions, PlanOptions, ScopeOptions, ValueOptions, Wait as Patience};
use crate::confirm::{Approval, NOBODY_TO_ASK};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::{Project, StackFile, reason};
use crate::state::{self, StateChoice};

/// What the environment variables of variables start with.
const VARIABLE: &str = "SIAC_VAR_";

/// A stack's state, opened.
pub struct Opened {
    /// The stack file.
    pub file: StackFile,
    /// Where and with what this run works.
    pub site: Site,
    /// The stack's name and `[state]` table.
    pub located: Located,
    /// The state.
    pub store: Store,
}

/// The stack file that is meant. What was chosen without being named is said.
pub fn stack_file(own: Option<&str>, cli: &Cli, desk: &Desk) -> Result<StackFile, Failure> {
    if let Some(name) = cli.global.stack_or(own) {
        return StackFile::named(name);
    }
    let file = match pending_file() {
        Some(file) => file,
        None => StackFile::only()?,
    };
    desk.say(&format!("stack: {}", file.shown));
    Ok(file)
}

/// The folder of the present project's pending plan.
fn pending_folder(project: &Project) -> PathBuf {
    project.own_folder().join("pending")
}

/// Where the pending plan of a stack is kept. The name tells which stack it is of.
pub fn pending_path(file: &StackFile) -> PathBuf {
    pending_folder(&file.project).join(format!("{}.siac", file.entry.replace('%', "%25").replace('/', "%2F")))
}

/// Drops every pending plan of a project: at most one is pending, so that `siac apply` means one thing.
pub fn drop_pending(project: &Project) {
    let entries = std::fs::read_dir(pending_folder(project)).into_iter().flatten().flatten();
    // A plan that stays is refused as stale once another was applied.
    entries.for_each(|entry| drop(std::fs::remove_file(entry.path())));
}

/// The stack of the pending plan, when exactly one is pending.
fn pending_file() -> Option<StackFile> {
    let here = std::env::current_dir().ok()?;
    let project = Project::around(&here);
    let entries = std::fs::read_dir(pending_folder(&project)).ok()?.flatten();
    let names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".siac").map(str::to_owned)).collect();
    let [name] = names.as_slice() else { return None };
    let entry = name.replace("%2F", "/").replace("%25", "%");
    let shown = project.root.join(&entry).to_str()?.to_owned();
    StackFile::named(&shown).ok().map(|file| StackFile { shown: entry, ..file })
}

/// The stack with the values that were given from outside.
pub fn choice(file: &StackFile, values: Option<&ValueOptions>) -> Result<StackChoice, Failure> {
    let mut variables = GivenVariables::default();
    for (name, value) in std::env::vars_os() {
        if let (Some(name), Some(value)) = (name.to_str().and_then(|name| name.strip_prefix(VARIABLE)), value.to_str())
        {
            variables.environment.push((name.to_owned(), value.to_owned()));
        }
    }
    variables.environment.sort();
    for path in values.map(|values| values.var_file.as_slice()).unwrap_or_default() {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(format!("the file of values {} cannot be read: {}", path.display(), reason(&error)))
        })?;
        variables.files.push((path.display().to_string(), text));
    }
    let assignments = values.map(|values| values.var.as_slice()).unwrap_or_default();
    variables.arguments = assignments.iter().map(|given| (given.name.clone(), given.value.clone())).collect();
    Ok(StackChoice { entry: file.entry.clone(), variables, ..StackChoice::default() })
}

/// Opens the state of a stack, without asking that the whole stack be sound.
pub fn open(own: Option<&str>, values: Option<&ValueOptions>, cli: &Cli, desk: &Desk) -> Result<Opened, Failure> {
    let file = stack_file(own, cli, desk)?;
    open_file(file, values, cli, desk)
}

/// Opens the state of a stack file.
pub fn open_file(file: StackFile, values: Option<&ValueOptions>, cli: &Cli, desk: &Desk) -> Result<Opened, Failure> {
    let site = adapters::site(&file.project, &desk.redactor);
    let located = loading::locate(&site, &choice(&file, values)?)?;
    let store = state::store(
        &site,
        &file.project,
        &StateChoice { stack: &located.name, settings: &located.state, accept_rollback: cli.global.accept_rollback },
    )?;
    Ok(Opened { file, site, located, store })
}

impl Opened {
    /// The whole stack, sound.
    pub fn load(&self, values: Option<&ValueOptions>, desk: &Desk) -> Result<LoadedStack, Failure> {
        let loaded = loading::load(&self.site, &choice(&self.file, values)?)?;
        warn(desk, &loaded.warnings, &loaded.sources);
        check_flags(values, &loaded)?;
        let secrets = LocalSecrets::new(self.file.project.root.clone());
        let careless = loaded.stack.secrets.values().filter_map(|secret| secrets.warning(&secret.source));
        careless.for_each(|warning| desk.say(&format!("warning: {warning}")));
        Ok(loaded)
    }

    /// How long to wait for the lock.
    pub fn wait(&self, options: &LockOptions) -> Result<Wait, Failure> {
        let timeout = match options.patience() {
            Patience::UpTo(time) => time,
            Patience::Forever => std::time::Duration::MAX,
        };
        Ok(Wait { timeout, takeover: state::takeover(&self.located.state)? })
    }
}

/// Every flag that is switched is one of the stack's.
fn check_flags(values: Option<&ValueOptions>, loaded: &LoadedStack) -> Result<(), Failure> {
    let known = &loaded.stack.flags;
    let mut switches = values.into_iter().flat_map(|values| &values.flag);
    let Some(unknown) = switches.find(|switch| !known.contains_key(&switch.name)) else { return Ok(()) };
    let failure = Failure::new(format!("the stack declares no flag `{}`", unknown.name));
    Err(match did_you_mean(&unknown.name, known.keys().map(String::as_str)) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help(format!("declare it: `[flag.{}]` with its `default`", unknown.name)),
    })
}

/// What an answer to a question means: only a yes goes on.
pub fn judged(answer: std::io::Result<Approval>) -> Result<(), Failure> {
    match answer.map_err(|error| Failure::new(format!("the answer cannot be read: {error}")))? {
        Approval::Given => Ok(()),
        Approval::Refused => Err(Failure::with_exit(Exit::NotApproved, "not approved; nothing was changed")),
        Approval::NobodyToAsk => Err(Failure::with_exit(Exit::NotApproved, NOBODY_TO_ASK)),
    }
}

/// Shows warnings.
pub fn warn(desk: &Desk, warnings: &Diagnostics, sources: &SourceMap) {
    desk.problems(&warnings.clone().sorted(), sources);
}

/// What the planner is asked for besides the goal.
pub fn options(scope: &ScopeOptions) -> Options {
    Options {
        targets: scope.target.clone(),
        excludes: scope.exclude.clone(),
        refresh: scope.refresh,
        offline: scope.offline,
        allow_data_loss: scope.allow_data_loss,
        flags: flags(&scope.values),
        ..Options::default()
    }
}

/// The feature flags that are switched.
pub fn flags(values: &ValueOptions) -> BTreeMap<String, bool> {
    values.flag.iter().map(|switch| (switch.name.clone(), switch.on)).collect()
}

/// The same, for a plan of a stack.
pub fn plan_options(plan: &PlanOptions) -> Options {
    Options {
        replace: plan.replace.clone(),
        refresh_only: plan.refresh_only,
        destroy: plan.destroy,
        ..options(&plan.scope)
    }
}

/// Refuses a plan that destroys more than the user allows.
pub fn check_limits(plan: &Plan, scope: &ScopeOptions) -> Result<(), Failure> {
    let destroyed = plan.counts().destroy;
    let allowed = if scope.no_destroy { Some(0) } else { scope.max_destroy };
    match allowed {
        Some(allowed) if destroyed > allowed => Err(Failure::with_exit(
            Exit::Refused,
            format!("the plan destroys or replaces {destroyed} resources, and at most {allowed} are allowed; nothing was changed"),
        )
        .help("leave the flag out, or raise the limit, when that is meant")),
        _ => Ok(()),
    }
}

/// Runs what waits: reading, planning, applying.
pub fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("this machine gives no threads: {error}")))?;
    let result = runtime.block_on(work);
    // Calls that were left running are settled by the next run; nobody waits for their threads.
    runtime.shutdown_background();
    result
}

impl From<Failed> for Failure {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Problems { diagnostics, sources } => Failure::problems(diagnostics.sorted(), sources),
            Failed::Store(error) => error.into(),
            Failed::Stale(why) => {
                Failure::with_exit(Exit::StalePlan, format!("the plan is stale: {why}")).help("plan again: `siac plan`")
            }
            Failed::Unsettled(calls) => {
                let told: Vec<String> =
                    calls.iter().map(|(intent, why)| format!("{}: {why}", intent.address)).collect();
                Failure::with_exit(
                    Exit::OutcomeUnknown,
                    format!("an earlier run left calls that cannot be settled now: {}", told.join("; ")),
                )
                .help("mend the cause and run `siac recover`")
            }
            Failed::Interrupted => Failure::with_exit(Exit::Interrupted, "interrupted; nothing was changed"),
            Failed::Refused(why) => Failure::with_exit(Exit::Refused, why),
            other => Failure::new(other.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match &error {
            StoreError::Held { .. } => Exit::LockHeld,
            StoreError::Fenced { .. } => Exit::LockLost,
            _ => Exit::Error,
        };
        Failure::with_exit(exit, error.to_string())
    }
}
