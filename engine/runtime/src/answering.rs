//! Answers the planner's questions: files, artifacts, secrets, objects, data. Many at once, and none of them changes anything.

mod ask;
mod foreseeing;

use std::collections::BTreeMap;
use std::sync::Arc;

use siac_core::deployment::resolve::Secrets;
use siac_core::model::event::{Event, EventSink, Progress};
use siac_core::model::identity::Digest;
use siac_core::model::snapshot::Snapshot;
use siac_core::planning::questions::{Answers, Question};
use siac_core::ports::SecretStore;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinSet;

use crate::building::Workshop;
use crate::calling::Patience;
use crate::executor::PARALLELISM;
use crate::project::{Packed, Project};
use crate::world::World;

use ask::{Asker, Reply};

/// What of the world is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Looking {
    /// Everything.
    #[default]
    Everything,
    /// Not at objects that are remembered (`--refresh=false`).
    NotAtResources,
    /// At nothing that a provider would have to be asked for (`--offline`).
    Offline,
}

/// Everything that answers are taken from, and what was gathered while answering.
pub struct Inquiry {
    /// The world; its `secrets` grow with each secret that is asked for, and are those that an apply needs.
    pub world: World,
    /// Where secrets come from.
    pub sources: Vec<Arc<dyn SecretStore>>,
    /// The project's files; `None` for a plan that reads none, such as a rollback.
    pub project: Option<Project>,
    /// Where artifacts are made; `None` for a plan that reads no files.
    pub workshop: Option<Workshop>,
    /// What is remembered. Its stack secret is the key of every fingerprint, before the first deployment too.
    pub snapshot: Arc<Snapshot>,
    /// What is looked at.
    pub looking: Looking,
    /// How many questions are asked at once.
    pub parallelism: usize,
    /// How often and how long a question is asked again.
    pub patience: Patience,
    /// The bytes of the artifacts that were packed, for the caller to store.
    pub artifacts: BTreeMap<Digest, Vec<u8>>,
}

impl Inquiry {
    /// An inquiry that looks at everything, with the usual parallelism and patience.
    pub fn new(world: World, snapshot: Arc<Snapshot>) -> Self {
        Self {
            world,
            sources: Vec::new(),
            project: None,
            workshop: None,
            snapshot,
            looking: Looking::Everything,
            parallelism: PARALLELISM,
            patience: Patience::default(),
            artifacts: BTreeMap::new(),
        }
    }

    /// Answers a batch of questions. A question that cannot be answered is answered with why.
    ///
    /// Secrets come first: arguments of data sources may be made of them.
    pub async fn answer(&mut self, questions: Vec<Question>, answers: &mut Answers, sink: &mut dyn EventSink) {
        // Whether to go on after an answer is the caller's business: nothing was changed.
        let _ = sink.emit(&Event::Progress(Progress::Answering { questions: questions.len() }));
        let is_secret = |question: &Question| matches!(question, Question::Secret { .. });
        let (secrets, others): (Vec<_>, Vec<_>) = questions.into_iter().partition(is_secret);
        self.ask_all(secrets, answers, sink).await;
        self.ask_all(others, answers, sink).await;
    }

    async fn ask_all(&mut self, questions: Vec<Question>, answers: &mut Answers, sink: &mut dyn EventSink) {
        let (news, mut heard) = unbounded_channel();
        let asker = Arc::new(Asker {
            world: Arc::new(self.world.clone()),
            sources: self.sources.clone(),
            project: self.project.clone(),
            workshop: self.workshop.clone(),
            news,
            snapshot: self.snapshot.clone(),
            looking: self.looking,
            patience: self.patience,
        });
        let mut waiting = questions.into_iter();
        let mut running = JoinSet::new();
        loop {
            while running.len() < self.parallelism.max(1) {
                let Some(question) = waiting.next() else { break };
                let asker = asker.clone();
                running.spawn(async move { asker.ask(question).await });
            }
            tokio::select! {
                biased;
                Some(news) = heard.recv() => drop(sink.emit(&Event::Progress(news))),
                reply = running.join_next() => match reply {
                    Some(Ok(reply)) => self.take(reply, answers),
                    // Panics of providers are caught where they are called; what is left here is a defect of ours.
                    Some(Err(defect)) => std::panic::resume_unwind(defect.into_panic()),
                    None => return,
                },
            }
        }
    }

    fn take(&mut self, reply: Reply, answers: &mut Answers) {
        match reply {
            Reply::File(question, answer) => drop(answers.files.insert(question, answer)),
            Reply::Artifact(path, packed) => {
                let answer = packed.map(|packed| self.keep(packed));
                answers.artifacts.insert(path, answer);
            }
            Reply::Source(recipe, identity) => drop(answers.sources.insert(recipe, identity)),
            Reply::Build(identity, packed) => {
                let answer = packed.map(|packed| self.keep(packed));
                answers.builds.insert(identity, answer);
            }
            Reply::Resource(key, answer) => drop(answers.resources.insert(key, answer)),
            Reply::Data(address, inputs, answer) => drop(answers.data.insert(address, (inputs, answer))),
            Reply::Import(address, answer) => drop(answers.imports.insert(address, answer)),
            Reply::Secret(name, fetched) => {
                let answer = fetched.map(|(fetched, fingerprint)| {
                    self.world.secrets.insert(name.clone(), fetched);
                    fingerprint
                });
                answers.secrets.insert(name, answer);
            }
        }
    }

    fn keep(&mut self, packed: Packed) -> Digest {
        self.artifacts.insert(packed.digest, packed.bytes);
        packed.digest
    }

    /// The secrets that were asked for, as they are today.
    pub fn secrets(&self) -> &Secrets {
        &self.world.secrets
    }
}

#[cfg(test)]
mod tests;
