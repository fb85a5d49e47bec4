//! The calls into a provider that an operation consists of.

use std::future::Future;

use siac_core::model::event::{Outcome, Verb};
use siac_core::model::snapshot::Object;
use siac_core::ports::{Call, Fault, Observed};

use super::{LeftOpen, Operation};

impl Operation {
    /// Calls the provider once with the operation's verb.
    pub(super) async fn attempt(&self) -> Result<Outcome, Fault> {
        let call = self.told();
        let inputs = &self.call.inputs;
        let object = || self.call.object.as_ref().ok_or_else(|| Fault::rejected("the record has no such object"));
        let present = |observed| Outcome::Present(self.sealer().after_call(inputs, observed));
        match self.call.intent.verb {
            Verb::Create => self.bounds.once(self.provider.create(&call, &inputs.known)).await.map(present),
            Verb::Update => self.bounds.once(self.provider.update(&call, object()?, &inputs.known)).await.map(present),
            Verb::Delete => self.bounds.once(self.provider.delete(&call, object()?)).await.map(|()| Outcome::Absent),
            Verb::Read => match &self.call.object {
                Some(object) => Ok(self.seen(object, self.bounds.once(self.provider.read(&call, object)).await?)),
                None => {
                    let answer = self.bounds.once(self.provider.read_data(&call, &inputs.known)).await?;
                    Ok(Outcome::Present(self.sealer().after_data(inputs, answer)))
                }
            },
            Verb::Import => {
                let id = self.call.intent.remote.as_deref().unwrap_or_default();
                let observed = self.bounds.once(self.provider.import(&call, id)).await?;
                Ok(Outcome::Present(self.sealer().after_import(inputs, observed)))
            }
        }
    }

    fn seen(&self, object: &Object, observed: Option<Observed>) -> Outcome {
        match observed {
            Some(observed) => Outcome::Present(self.sealer().after_read(object, observed)),
            None => Outcome::Absent,
        }
    }

    /// Every live object that carries the operation's mark.
    pub(super) async fn find(&self) -> Result<Vec<Observed>, LeftOpen> {
        self.found().await.map_err(|fault| LeftOpen(fault.to_string()))
    }

    /// The same, or why there is no answer.
    pub(super) async fn found(&self) -> Result<Vec<Observed>, Fault> {
        let call = self.told();
        self.bounds.patiently(|| self.provider.find(&call, &self.call.inputs.known)).await
    }

    /// The object as it is now.
    pub(crate) async fn look(&self, object: &Object) -> Result<Option<Observed>, LeftOpen> {
        let call = self.told();
        self.asked(|| self.provider.read(&call, object)).await
    }

    /// Deletes an object that one operation made beside another: it is ours by its mark, and nothing refers to it.
    pub(super) async fn remove_surplus(&self, surplus: &Observed) -> Result<(), LeftOpen> {
        let call = self.told();
        let object = self.as_object(surplus);
        self.asked(|| self.provider.delete(&call, &object)).await
    }

    /// Asks a question; one that stays without an answer leaves the operation open.
    async fn asked<T, F>(&self, ask: impl Fn() -> F) -> Result<T, LeftOpen>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        self.bounds.patiently(ask).await.map_err(|fault| LeftOpen(fault.to_string()))
    }

    /// What the provider is told of an attempt.
    fn told(&self) -> Call {
        let intent = &self.call.intent;
        self.bounds.world.call(intent.op, &intent.address, self.bounds.limit, self.desk.last(), self.desk.clone())
    }

    fn as_object(&self, observed: &Observed) -> Object {
        let observation = self.sealer().after_call(&self.call.inputs, observed.clone());
        Object {
            provider: self.call.intent.provider.clone(),
            remote: observation.remote,
            op: self.call.intent.op,
            configured: self.call.intent.inputs.clone(),
            inputs: observation.inputs,
            sent: observation.sent,
            outputs: observation.outputs,
            secrets: observation.secrets,
            private: observation.private,
            schema_version: self.kind.version,
            dependencies: Vec::new(),
            lifecycle: Default::default(),
            tainted: false,
        }
    }
}
