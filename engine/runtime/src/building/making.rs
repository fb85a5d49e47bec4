//! One artifact in the making: looked for, claimed, copied, built, bundled, put on the shelf.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use siac_core::deployment::resolve::Secrets;
use siac_core::model::event::Progress;
use siac_core::model::identity::Digest;
use siac_core::model::recipe::Recipe;
use siac_core::planning::questions::BuildFailure;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::sleep;

use super::source::{self, Source};
use super::{CAPACITY, IDLE, Outcome, Permission, Workshop, environment, host, native, run, shelf};
use crate::project::ignored::{Ignored, Stage};
use crate::project::pack::archive;
use crate::project::tree::{Entry, Walk};
use crate::project::{Packed, Unreachable};
use crate::stop::StopLevel;

/// How often is looked whether another run has ended the same build. A choice of this project.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// One artifact in the making.
#[derive(Clone)]
pub(super) struct Making {
    pub workshop: Workshop,
    pub recipe: Arc<Recipe>,
    pub identity: Digest,
    /// What no build is told.
    pub secrets: Arc<Secrets>,
    /// Where is told what happens meanwhile.
    pub news: UnboundedSender<Progress>,
}

impl Making {
    /// The artifact: from the shelf, or made now, if it may be.
    pub async fn artifact(&self) -> Outcome {
        if let Some(packed) = self.on_shelf().await? {
            return Ok(packed);
        }
        match (&self.recipe.build, self.workshop.permission) {
            (Some(_), Permission::Denied(flag)) => Err(denied(flag)),
            _ => self.made().await,
        }
    }

    /// Does something that blocks.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, BuildFailure> + Send + 'static,
    ) -> Result<T, BuildFailure> {
        let making = self.clone();
        match tokio::task::spawn_blocking(move || work(&making)).await {
            Ok(done) => done,
            Err(defect) => std::panic::resume_unwind(defect.into_panic()),
        }
    }

    async fn on_shelf(&self) -> Result<Option<Packed>, BuildFailure> {
        self.blocking(|making| Ok(making.workshop.shelf.find(&making.identity))).await
    }

    /// Makes it, unless another run has done so meanwhile.
    async fn made(&self) -> Outcome {
        let Ok(_turn) = self.workshop.turns.acquire().await else { return Err(interrupted()) };
        self.blocking(|making| making.workshop.shelf.prepare().map_err(unwritable)).await?;
        let _claim = self.claimed().await?;
        if let Some(packed) = self.on_shelf().await? {
            return Ok(packed);
        }
        match &self.recipe.build {
            None => self.blocking(Self::packed).await,
            Some(command) => self.built(command).await,
        }
    }

    /// Packs the source as it is.
    fn packed(&self) -> Outcome {
        let source = self.source()?;
        let packed = self.bundle(source.entries())?;
        // What was packed is what the identity was told of, when it is that still.
        self.source()?;
        self.shelve(&packed)?;
        Ok(packed)
    }

    /// The source, when it is still what the identity was told of.
    fn source(&self) -> Result<Source, BuildFailure> {
        let source = Source::of(&self.workshop.project, &self.recipe).map_err(unreadable)?;
        match source.identity(&self.recipe, &self.workshop.host).map_err(unreadable)? == self.identity {
            true => Ok(source),
            false => Err(changed()),
        }
    }

    async fn built(&self, command: &str) -> Outcome {
        self.tell(|identity, source| Progress::BuildBegan { identity, source, command: command.to_owned() });
        let outcome = self.built_in_copy(command).await;
        self.tell(|identity, source| Progress::BuildEnded { identity, source, is_made: outcome.is_ok() });
        outcome
    }

    fn tell(&self, news: impl FnOnce(Digest, String) -> Progress) {
        // Nobody may be listening any more.
        let _ = self.news.send(news(self.identity, self.recipe.path.clone()));
    }

    /// The right to build this identity; waits while another run has it.
    async fn claimed(&self) -> Result<shelf::Claim, BuildFailure> {
        let (mut stop, mut is_told) = (self.workshop.stop.clone(), false);
        loop {
            if stop.level() > StopLevel::No {
                return Err(interrupted());
            }
            let claim =
                self.blocking(|making| making.workshop.shelf.claim(&making.identity).map_err(unwritable)).await?;
            if let Some(claim) = claim {
                return Ok(claim);
            }
            if !std::mem::replace(&mut is_told, true) {
                self.tell(|identity, source| Progress::BuildAwaited { identity, source });
            }
            tokio::select! {
                () = sleep(LOOK_AGAIN) => {}
                _ = stop.raised() => return Err(interrupted()),
            }
        }
    }

    async fn built_in_copy(&self, command: &str) -> Outcome {
        let outcome = self.bundle_of_copy(command).await;
        let clean = |making: &Self| {
            // What is left is removed by the next build.
            let _ = fs::remove_dir_all(making.work());
            Ok(())
        };
        self.blocking(clean).await?;
        outcome
    }

    async fn bundle_of_copy(&self, command: &str) -> Outcome {
        self.blocking(Self::copied).await?;
        self.run(command).await.map_err(|failed| self.told(failed))?;
        self.blocking(Self::bundled).await
    }

    fn work(&self) -> PathBuf {
        self.workshop.shelf.work(&self.identity)
    }

    /// Copies the source, and makes sure that the copy is what the identity was told of.
    fn copied(&self) -> Result<(), BuildFailure> {
        self.workshop.shelf.sweep(&self.identity).map_err(unwritable)?;
        let work = self.work();
        fs::create_dir(&work).map_err(unwritable)?;
        let source = Source::of(&self.workshop.project, &self.recipe).map_err(unreadable)?;
        source.copy_to(&work).map_err(unwritable)?;
        let copy = Source::copy(&work, &self.recipe).and_then(|copy| copy.identity(&self.recipe, &self.workshop.host));
        match copy {
            Ok(identity) if identity == self.identity => Ok(()),
            _ => Err(changed()),
        }
    }

    async fn run(&self, command: &str) -> Result<(), run::Failed> {
        let Workshop { host, shelf, redact, limit, stop, .. } = &self.workshop;
        let architecture = host::resolved(self.recipe.architecture.as_ref(), host);
        let work = self.work();
        let environment =
            environment::environment(std::env::vars_os(), &self.secrets, &self.recipe, (&architecture, host), &work);
        let job = run::Job {
            command: command.to_owned(),
            folder: work,
            environment,
            log: shelf.log(&self.identity),
            redact: redact.clone(),
            limit: *limit,
        };
        run::run(job, stop.clone()).await
    }

    fn told(&self, failed: run::Failed) -> BuildFailure {
        let log = self.workshop.shelf.log(&self.identity);
        let help = format!("the whole output is in {}", log.display());
        let with_tail = |why: String, tail: Vec<String>| match tail.as_slice() {
            [] => format!("{why}, and said nothing"),
            lines => format!("{why}; the last it said:\n  {}", lines.join("\n  ")),
        };
        match failed {
            run::Failed::NotRun(why) => {
                failure(format!("the build could not be run: {why}"), "look at what this machine lacks")
            }
            run::Failed::Ended(how, tail) => failure(with_tail(format!("the build failed: {how}"), tail), help),
            run::Failed::TooLong(tail) => {
                let minutes = self.workshop.limit.as_secs().div_ceil(60);
                failure(
                    with_tail(format!("the build was stopped, because it took longer than {minutes} min"), tail),
                    help,
                )
            }
            run::Failed::Stopped => interrupted(),
        }
    }

    /// Bundles what the build made.
    fn bundled(&self) -> Outcome {
        let work = self.work();
        let entries = left_by_build(&work).map_err(|unreachable| {
            failure(
                format!("what the build made cannot be bundled: {unreachable}"),
                "a link that leads out of the folder would lead nowhere; take a folder as `path` that holds both, as for a workspace of npm",
            )
        })?;
        let packed = self.bundle(&entries)?;
        self.shelve(&packed)?;
        // The shelf is only there to save time, so it may fail to be cleared.
        let _ = self.workshop.shelf.clear(IDLE, CAPACITY, SystemTime::now());
        Ok(packed)
    }

    /// Writes the archive to the shelf's folder, so that the files need not be in memory, and reads it from there.
    fn bundle(&self, entries: &[Entry]) -> Outcome {
        self.refuse_misfits(entries)?;
        let draft = self.workshop.shelf.draft(&self.identity);
        let written = File::create(&draft).map_err(unwritable)?;
        let help = "leave out what is not needed, in `.siacignore` or at the end of the build";
        let archive = archive(entries, &self.recipe.add, io::BufWriter::new(written));
        let archive = archive.map_err(|unreachable| failure(unreachable.to_string(), help))?;
        archive.into_inner().map_err(|error| unwritable(error.into_error()))?;
        fs::read(&draft).map(|bytes| Packed { digest: Digest::of(&bytes), bytes }).map_err(unwritable)
    }

    fn shelve(&self, packed: &Packed) -> Result<(), BuildFailure> {
        let shelf = &self.workshop.shelf;
        let draft = shelf.draft(&self.identity);
        let put = shelf.put(&self.identity, packed.digest, &draft, &self.recipe.path, self.recipe.build.as_deref());
        put.map_err(unwritable)
    }

    fn refuse_misfits(&self, entries: &[Entry]) -> Result<(), BuildFailure> {
        let Some(wanted) = source::architecture(&self.recipe, &self.workshop.host) else { return Ok(()) };
        let misfits = native::misfits(entries, &wanted).map_err(unwritable)?;
        let Some((path, machines)) = misfits.first() else { return Ok(()) };
        let others = match misfits.len() {
            1 => String::new(),
            count => format!(", and so with {} more", count - 1),
        };
        Err(failure(
            format!("`{path}` is for {machines}, and the artifact is for {wanted}{others}"),
            "build for the machines that run it: install with npm's `--cpu`, `--os` and `--libc`, or build on such a machine; a binary that is not needed can be left out in `.siacignore`",
        ))
    }
}

/// The files that a build made of its folder.
fn left_by_build(work: &Path) -> Result<Vec<Entry>, Unreachable> {
    let ignored = Ignored::of(work, "")?;
    Walk { start: work, bounds: work, shown: "", ignored: &ignored, stage: Stage::Bundle }.entries()
}

fn failure(why: impl Into<String>, help: impl Into<String>) -> BuildFailure {
    BuildFailure { why: why.into(), help: help.into() }
}

fn denied(flag: &str) -> BuildFailure {
    failure(
        format!("it must be built, and `{flag}` forbids that; nobody has built the same source before"),
        format!("plan without `{flag}`, where the source may be trusted and the network is there"),
    )
}

fn unreadable(unreachable: Unreachable) -> BuildFailure {
    failure(unreachable.to_string(), "look at the recipe's path and plan again")
}

fn changed() -> BuildFailure {
    failure("the source changed while it was read", "plan again when nobody writes to it")
}

fn unwritable(error: io::Error) -> BuildFailure {
    failure(
        format!("what a build needs cannot be written to `.siac/builds`: {error}"),
        "make room or give permission, and plan again",
    )
}

fn interrupted() -> BuildFailure {
    failure("the build was interrupted", "plan again")
}
