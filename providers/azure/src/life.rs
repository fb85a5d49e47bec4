//! The calls of a provider, for every kind alike: whose a resource is, what is sent, what goes on, and what is told in the end.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};
use siac_core::model::schema::KindSchema;
use siac_core::model::snapshot::Object;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::{Call, Fault, Observed};
use tokio::time::sleep;

use crate::arm::{Answer, Failure, Method, Operation, Progress, Request, Standing, at, correlation, put, remove};
use crate::fields::{Fields, scrubbed, secret_texts};
use crate::kind::{Account, Evidence, Kind, Occasion, Target, Task, Write};
use crate::marks::{Owner, Tags, all_tags, marks, own_tags, owner, tags_of, unmarked};
use crate::notes::Notes;
use crate::registration;
use crate::settings::Adopt;

/// The write that makes or changes a resource, and the one that deletes it, as checkpoints name them.
const PUT: &str = "put";
const DELETE: &str = "delete";

/// How often a write is repeated whose parent is not visible yet: with the first pause of 2 s for 14 s in all. A choice of this project.
const SIGHTINGS: u32 = 3;

/// A kind and the account that it is managed in.
pub struct Life<'a> {
    /// The kind.
    pub kind: &'a dyn Kind,
    /// Its schema.
    pub schema: &'a KindSchema,
    /// Where.
    pub azure: &'a Account,
    /// The call.
    pub call: &'a Call,
}

impl<'a> Life<'a> {
    /// Makes a resource.
    ///
    /// # Errors
    /// As [`siac_core::ports::Provider::create`].
    pub async fn create(&self, inputs: &Known) -> Result<Observed, Fault> {
        let task = self.task(inputs, None);
        self.created(&task).await.map_err(|fault| scrubbed(fault, &secret_texts(inputs)))
    }

    async fn created(&self, task: &Task<'_>) -> Result<Observed, Fault> {
        let target = self.kind.target(task)?;
        let done = match Standing::of(self.call) {
            // What follows the write goes on where it was; the kind sees to that.
            Some(standing) if standing.step != PUT => Ok(()),
            Some(Standing { step, progress: Progress::Running(operation), .. }) => {
                self.resumed(&step, &target, operation).await
            }
            standing => self.made(task, &target, standing.map(|standing| standing.progress)).await,
        };
        match done {
            Ok(()) => self.settled(task, &target, None).await,
            Err(failure) => Err(self.unfinished(task, &target, failure, true).await),
        }
    }

    /// Puts a resource where there is none, or where there is one of ours.
    async fn made(&self, task: &Task<'_>, target: &Target, left: Option<Progress>) -> Result<(), Failure> {
        let was_sent = left == Some(Progress::Sending);
        let mut there = self.azure.arm.get(&target.id, &target.api).await?;
        if there.is_none() && was_sent {
            // Nothing shows, but what was sent may still arrive.
            sleep(self.azure.arm.pace().drain).await;
            there = self.azure.arm.get(&target.id, &target.api).await?;
        }
        if let Some(answer) = &there {
            self.own(task, target, &answer.body, was_sent)?;
        }
        let addition = match &there {
            None => self.kind.prepare(task, target).await?,
            Some(_) => None,
        };
        let body = self.document(task, there.as_ref(), addition)?;
        let is_marked = self.kind.evidence(Some(task.inputs)) == Evidence::Absence;
        if is_marked && there.is_none() {
            Standing::at(PUT, Progress::Sending).save(self.call).await?;
        }
        let request = Request::new(Method::PUT, &target.id, &target.api);
        let sent = self.send(Request { body: Some(&body), ..request }, target).await;
        if is_marked && there.is_none() && sent.as_ref().is_err_and(|failure| failure.status > 0) {
            // It was answered, so nothing of it can arrive any more.
            Standing::at(PUT, Progress::Refused).save(self.call).await?;
        }
        self.azure.arm.finish(self.call, PUT, &target.id, &target.api, &sent?).await
    }

    /// Changes a resource in place.
    ///
    /// # Errors
    /// As [`siac_core::ports::Provider::update`].
    pub async fn update(&self, object: &Object, inputs: &Known) -> Result<Observed, Fault> {
        let task = self.task(inputs, Some(object));
        self.updated(&task, object).await.map_err(|fault| scrubbed(fault, &secret_texts(inputs)))
    }

    async fn updated(&self, task: &Task<'_>, object: &Object) -> Result<Observed, Fault> {
        let target = Target { id: self.kind.remembered(&object.remote, Some(object))?.id, ..self.kind.target(task)? };
        let Some(now) = self.azure.arm.get(&target.id, &target.api).await? else {
            return Err(Fault::rejected(format!("{} is gone; plan again, so that it is made anew", target.id)));
        };
        let done = match Standing::of(self.call) {
            Some(standing) if standing.step != PUT => Ok(()),
            Some(Standing { step, progress: Progress::Running(operation), .. }) => {
                self.resumed(&step, &target, operation).await
            }
            _ => self.changed(task, &target, object, &now).await,
        };
        match done {
            Ok(()) => self.settled(task, &target, Some(&now.body)).await,
            Err(failure) => Err(self.unfinished(task, &target, failure, false).await),
        }
    }

    async fn changed(&self, task: &Task<'_>, target: &Target, object: &Object, now: &Answer) -> Result<(), Failure> {
        if let Owner::Other(whose) = owner(&tags_of(&now.body), self.call) {
            self.refuse_others(target, &whose)?;
        }
        let wanted = self.document(task, Some(now), None)?;
        let (method, body) = match self.kind.write(task.inputs) {
            Write::Put => (Method::PUT, wanted),
            Write::Merge => {
                let before = self.kind.body(&self.task(&visible(&object.inputs), None)).unwrap_or_default();
                (Method::PUT, merged(&now.body, &before, &wanted))
            }
            Write::Patch => (Method::PATCH, wanted),
        };
        let etag = now.etag.as_deref().or_else(|| at(&now.body, "etag").and_then(Json::as_str));
        let request = Request::new(method, &target.id, &target.api);
        let if_match = etag.filter(|_| self.kind.has_etags());
        let answer = self.send(Request { body: Some(&body), if_match, ..request }, target).await?;
        self.azure.arm.finish(self.call, PUT, &target.id, &target.api, &answer).await
    }

    /// Deletes a resource.
    ///
    /// # Errors
    /// As [`siac_core::ports::Provider::delete`].
    pub async fn delete(&self, object: &Object) -> Result<(), Fault> {
        let inputs = visible(&object.inputs);
        let task = self.task(&inputs, Some(object));
        if self.kind.evidence(Some(task.inputs)) == Evidence::Setting {
            return Ok(());
        }
        let target = self.kind.remembered(&object.remote, Some(object))?;
        let there = self.azure.arm.get(&target.id, &target.api).await?;
        if let Some(Standing { step, progress: Progress::Running(operation), .. }) = Standing::of(self.call) {
            self.resumed(&step, &target, operation).await?;
        } else if let Some(answer) = &there {
            if let Owner::Other(whose) = owner(&tags_of(&answer.body), self.call) {
                self.refuse_others(&target, &whose)?;
            }
            if is_going(&answer.body) {
                self.resumed(DELETE, &target, Operation::Resource).await?;
            } else {
                self.kind.spare(&task, &target).await?;
                if !self.kind.delete(&task, &target).await? {
                    self.deleted(&target).await?;
                }
            }
        }
        self.gone(&target).await?;
        self.kind.bury(&task, &target, there.as_ref().map(|answer| &answer.body)).await
    }

    async fn deleted(&self, target: &Target) -> Result<(), Failure> {
        match self.send(Request::new(Method::DELETE, &target.id, &target.api), target).await {
            Err(failure) if failure.is_absent() => Ok(()),
            answer => self.azure.arm.finish(self.call, DELETE, &target.id, &target.api, &answer?).await,
        }
    }

    /// Some services answer a delete before the resource is gone.
    async fn gone(&self, target: &Target) -> Result<(), Fault> {
        match self.azure.arm.get(&target.id, &target.api).await? {
            None => Ok(()),
            Some(_) => {
                let mut operation = self.azure.arm.pace().poll;
                for _ in 0..LOOKS {
                    sleep(operation).await;
                    if self.azure.arm.get(&target.id, &target.api).await?.is_none() {
                        return Ok(());
                    }
                    operation = (operation * 2).min(Duration::from_secs(15));
                }
                Err(Fault::transient(format!("{} was deleted and is still there", target.id)))
            }
        }
    }

    /// Looks at a resource; `None` when it is gone, or is another one by now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read(&self, object: &Object) -> Result<Option<Observed>, Fault> {
        let inputs = visible(&object.inputs);
        let task = self.task(&inputs, Some(object));
        let target = self.kind.remembered(&object.remote, Some(object))?;
        let Some(answer) = self.azure.arm.get(&target.id, &target.api).await? else { return Ok(None) };
        if matches!(owner(&tags_of(&answer.body), self.call), Owner::Other(_)) && self.is_tagged(task.inputs) {
            return Ok(None);
        }
        let mut seen = self.kind.seen(&answer.body, Some(&object.inputs));
        self.kind.complete(&task, &target, Occasion::Refresh, &mut seen).await?;
        let notes = Notes::read(&object.private);
        let mut told = BTreeMap::new();
        for (name, attribute) in &self.schema.attributes {
            let Some(shown) = seen.inputs.get(*name).filter(|_| attribute.is_settable() && !attribute.write_only)
            else {
                continue;
            };
            let value = match object.inputs.get(name).filter(|before| !before.is_null()) {
                Some(before) => notes.told(name, &attribute.ty, before, shown.as_ref()),
                // What the stack leaves open is nobody's concern, unless the service decides it.
                None => shown.clone().filter(|_| attribute.is_computed()),
            };
            told.extend(value.map(|value| ((*name).to_owned(), value)));
        }
        self.tell_tags(&task, &answer.body, &mut told, &mut seen.outputs);
        let outputs = Value::Map(seen.outputs);
        Ok(Some(Observed {
            remote: target.id.to_string(),
            inputs: Value::Map(told),
            outputs,
            private: object.private.clone(),
        }))
    }

    /// The resource that an earlier attempt of this call made.
    ///
    /// # Errors
    /// When it cannot be looked for.
    pub async fn find(&self, inputs: &Known) -> Result<Vec<Observed>, Fault> {
        let task = self.task(inputs, None);
        let target = self.kind.target(&task)?;
        let Some(answer) = self.azure.arm.get(&target.id, &target.api).await? else { return Ok(Vec::new()) };
        let was_sent = matches!(Standing::of(self.call), Some(standing) if standing.progress != Progress::Refused);
        let is_ours = match self.kind.evidence(Some(task.inputs)) {
            Evidence::Tags => matches!(owner(&tags_of(&answer.body), self.call), Owner::ThisCall | Owner::ThisResource),
            Evidence::Absence => was_sent,
            Evidence::Setting => true,
        };
        match is_ours {
            true => Ok(vec![self.observed(&task, &target, &answer.body, None).await?]),
            false => Ok(Vec::new()),
        }
    }

    /// Looks at a resource that is to be adopted.
    ///
    /// # Errors
    /// When there is none of this kind under this id.
    pub async fn import(&self, id: &str) -> Result<Observed, Fault> {
        let target = self.kind.imported(id)?;
        let Some(answer) = self.azure.arm.get(&target.id, &target.api).await? else {
            return Err(Fault::rejected(format!("there is no {}; look at the id", target.id)));
        };
        let nothing = Value::Map(BTreeMap::new());
        let task = self.task(&nothing, None);
        let mut seen = self.kind.seen(&answer.body, None);
        self.kind.complete(&task, &target, Occasion::Written, &mut seen).await?;
        let shown = seen.inputs.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let mut told: BTreeMap<String, Known> = shown.chain(self.kind.identity(&target)).collect();
        self.tell_tags(&task, &answer.body, &mut told, &mut seen.outputs);
        let notes = Notes { adopted: true, ..Notes::default() };
        Ok(Observed {
            remote: target.id.to_string(),
            inputs: Value::Map(told),
            outputs: Value::Map(seen.outputs),
            private: notes.bytes(),
        })
    }

    fn task<'t>(&'t self, inputs: &'t Known, object: Option<&'t Object>) -> Task<'t> {
        Task { azure: self.azure, call: self.call, inputs: Fields(inputs), object }
    }

    fn is_tagged(&self, inputs: Fields<'_>) -> bool {
        self.kind.evidence(Some(inputs)) == Evidence::Tags
    }

    /// Refuses what is not ours.
    fn own(&self, task: &Task<'_>, target: &Target, document: &Json, was_sent: bool) -> Result<(), Fault> {
        let id = &target.id;
        let adopt = self.azure.settings.adopt;
        let is_ours = match (self.kind.evidence(Some(task.inputs)), owner(&tags_of(document), self.call)) {
            (Evidence::Setting, _) | (Evidence::Tags, Owner::ThisCall) => true,
            (Evidence::Absence, _) if was_sent => true,
            (Evidence::Tags, Owner::ThisResource) => adopt != Adopt::Never,
            (_, Owner::Other(whose)) => return self.refuse_others(target, &whose),
            (_, _) => adopt == Adopt::Always,
        };
        match is_ours {
            true => Ok(()),
            false => Err(Fault::rejected(format!(
                "{id} exists and siac did not make it; import it with `siac import {} {id}`, or choose another name",
                self.call.address
            ))),
        }
    }

    fn refuse_others(&self, target: &Target, whose: &str) -> Result<(), Fault> {
        Err(Fault::rejected(format!(
            "{} is {whose}; it is left as it is. Choose another name, or take it out of that stack first",
            target.id
        )))
    }

    /// The document to put: the kind's, the tags, and what preparing it added.
    fn document(&self, task: &Task<'_>, now: Option<&Answer>, addition: Option<Json>) -> Result<Json, Fault> {
        let mut body = self.kind.body(task)?;
        if let Some(Json::Object(entries)) = addition {
            entries.into_iter().for_each(|(path, value)| put(&mut body, &path, value));
        }
        if self.is_tagged(task.inputs) {
            let settings = &self.azure.settings;
            let now = now.map(|answer| tags_of(&answer.body)).unwrap_or_default();
            let marks = marks(self.call, settings.environment.as_deref());
            put(&mut body, "tags", json!(all_tags(&settings.default_tags, &task.own_tags(), &now, &marks)));
        }
        Ok(body)
    }

    /// Sends a write, patiently where its parent is not visible yet, and registering its provider where that is wanted.
    async fn send(&self, request: Request<'_>, target: &Target) -> Result<Answer, Failure> {
        let correlation = correlation(self.call);
        let request = Request { correlation: Some(&correlation), ..request };
        let mut pause = self.azure.arm.pace().visibility;
        let mut sightings = 0;
        loop {
            let failure = match self.azure.arm.send(&request).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            match () {
                () if failure.lacks_parent() && sightings < SIGHTINGS => sleep(pause).await,
                () if registration::is_missing(&failure) && self.azure.settings.registers && sightings == 0 => {
                    registration::register(self.azure, &target.id.resource_type()).await?;
                }
                () if self.kind.awaits(&failure) => return Err(failure.not_yet()),
                () => return Err(failure),
            }
            (pause, sightings) = (pause * 2, sightings + 1);
        }
    }

    async fn resumed(&self, step: &str, target: &Target, operation: Operation) -> Result<(), Failure> {
        self.azure.arm.resume(self.call, step, &target.id, &target.api, operation).await
    }

    /// A write that came to nothing, or that left something behind.
    async fn unfinished(&self, task: &Task<'_>, target: &Target, failure: Failure, is_new: bool) -> Fault {
        let was_accepted = failure.status == 0 && !failure.code.is_empty();
        let fault = Fault::from(failure);
        if !was_accepted {
            return fault;
        }
        match self.azure.arm.get(&target.id, &target.api).await {
            Ok(Some(answer)) => match self.observed(task, target, &answer.body, None).await {
                Ok(observed) => Fault::Partial { observed: Box::new(observed), why: fault.to_string() },
                Err(_) => fault,
            },
            Ok(None) if is_new => fault,
            Ok(None) => Fault::rejected(format!("{fault}; it is gone")),
            Err(_) => Fault::ambiguous(fault.to_string()),
        }
    }

    /// What follows a write, and what there is then.
    async fn settled(&self, task: &Task<'_>, target: &Target, before: Option<&Json>) -> Result<Observed, Fault> {
        self.kind.settle(task, target).await?;
        match self.azure.arm.get(&target.id, &target.api).await? {
            Some(answer) => self.observed(task, target, &answer.body, before).await,
            None => Err(Fault::NotYet { what: format!("{} was put", target.id) }),
        }
    }

    /// What is told of a resource that was just written.
    async fn observed(
        &self,
        task: &Task<'_>,
        target: &Target,
        document: &Json,
        before: Option<&Json>,
    ) -> Result<Observed, Fault> {
        let mut seen = self.kind.seen(document, Some(&task.inputs.0.open()));
        self.kind.complete(task, target, Occasion::Written, &mut seen).await?;
        let before = before.map(|before| self.kind.seen(before, Some(&task.inputs.0.open())).inputs);
        let mut notes = Notes::default();
        let mut told = BTreeMap::new();
        for (name, attribute) in self.schema.attributes.iter().filter(|(_, attribute)| attribute.is_settable()) {
            let shown = seen.inputs.get(*name);
            let value = match (task.inputs.0.get(name).filter(|sent| !sent.is_null()), shown) {
                (Some(sent), Some(shown)) if !attribute.write_only => {
                    let before = before.as_ref().and_then(|before| before.get(*name)?.as_ref());
                    let before = before.filter(|_| differs(task, name, sent));
                    notes.take(name, &attribute.ty, sent, shown.as_ref(), before);
                    Some(sent)
                }
                (Some(sent), _) => Some(sent),
                (None, shown) => shown.and_then(Option::as_ref).filter(|_| attribute.is_computed()),
            };
            told.extend(value.map(|value| ((*name).to_owned(), value.clone())));
        }
        self.tell_tags(task, document, &mut BTreeMap::new(), &mut seen.outputs);
        Ok(Observed {
            remote: target.id.to_string(),
            inputs: Value::Map(told),
            outputs: Value::Map(seen.outputs),
            private: notes.bytes(),
        })
    }

    /// The tags, as the stack would have written them and all of them.
    fn tell_tags(
        &self,
        task: &Task<'_>,
        document: &Json,
        inputs: &mut BTreeMap<String, Known>,
        outputs: &mut BTreeMap<String, Known>,
    ) {
        let is_adopted = task.inputs.names().next().is_none();
        let has_tags = if is_adopted { at(document, "tags").is_some() } else { self.is_tagged(task.inputs) };
        if !has_tags || !self.schema.attributes.contains_key("tags_all") {
            return;
        }
        let all = tags_of(document);
        let own = own_tags(&all, &self.azure.settings.default_tags, &task.own_tags());
        let value = |tags: Tags| Value::Map(tags.into_iter().map(|(key, text)| (key, Value::String(text))).collect());
        let was_set = task.inputs.get("tags").is_some();
        if !own.is_empty() || was_set {
            inputs.insert("tags".to_owned(), value(own));
        }
        outputs.insert("tags_all".to_owned(), value(unmarked(&all)));
    }
}

/// How often a deleted resource is looked at, a little less and less often: for about a minute. A choice of this project.
const LOOKS: u32 = 7;

/// Whether a resource is being deleted already: the answer to an earlier request was lost, or somebody else sent one.
fn is_going(document: &Json) -> bool {
    at(document, "properties.provisioningState")
        .and_then(Json::as_str)
        .is_some_and(|state| state.eq_ignore_ascii_case("Deleting"))
}

/// Whether an attribute is sent otherwise than it is remembered.
fn differs(task: &Task<'_>, name: &str, sent: &Known) -> bool {
    let remembered = task.object.and_then(|object| object.inputs.get(name));
    remembered.is_some_and(|remembered| *remembered != sent.open())
}

/// What is remembered of the attributes; what is sealed is left out.
pub fn visible(remembered: &Partial) -> Known {
    let opened: Result<Known, std::convert::Infallible> = remembered.try_fill(&mut |_| Ok(Value::Null));
    opened.unwrap_or_else(|never| match never {})
}

/// Parts of a document that nobody may send.
const READ_ONLY: [&str; 6] = ["id", "name", "type", "etag", "systemData", "properties.provisioningState"];

/// The document as it is, with what the stack wants, and without what it wanted before and wants no more.
fn merged(now: &Json, before: &Json, wanted: &Json) -> Json {
    let mut document = now.clone();
    READ_ONLY.iter().for_each(|path| remove(&mut document, path));
    withdraw(&mut document, before, wanted);
    overlay(&mut document, wanted);
    document
}

fn withdraw(document: &mut Json, before: &Json, wanted: &Json) {
    let (Some(entries), Some(before)) = (document.as_object_mut(), before.as_object()) else { return };
    for (key, before) in before {
        match (entries.get_mut(key), wanted.get(key)) {
            (Some(entry), Some(wanted)) => withdraw(entry, before, wanted),
            (Some(_), None) => drop(entries.remove(key)),
            (None, _) => {}
        }
    }
}

fn overlay(document: &mut Json, wanted: &Json) {
    match (document, wanted) {
        // Tags are told in full: what is not among them must go.
        (Json::Object(entries), Json::Object(wanted)) => {
            for (key, value) in wanted {
                match entries.get_mut(key) {
                    Some(entry) if key != "tags" => overlay(entry, value),
                    _ => drop(entries.insert(key.clone(), value.clone())),
                }
            }
        }
        (document, wanted) => *document = wanted.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_keeps_what_others_set_and_takes_back_what_is_not_wanted_any_more() {
        let now = json!({ "id": "/x", "tags": { "old": "1" }, "properties": { "a": 1, "b": 2, "theirs": 3, "provisioningState": "Succeeded" } });
        let before = json!({ "properties": { "a": 1, "b": 2 } });
        let wanted = json!({ "tags": { "new": "1" }, "properties": { "a": 5 } });
        let expected = json!({ "tags": { "new": "1" }, "properties": { "a": 5, "theirs": 3 } });
        assert_eq!(merged(&now, &before, &wanted), expected);
    }
}
