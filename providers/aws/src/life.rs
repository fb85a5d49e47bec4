//! The life of an object, the same for every kind: made or adopted, settled, changed, deleted, found again.

use std::collections::BTreeMap;
use std::time::Duration;

use siac_core::model::snapshot::Object;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::{Call, Fault, Observed};

use crate::account::Account;
use crate::failure::Failure;
use crate::fields::{Fields, secret_texts};
use crate::kind::{Described, Evidence, Kind, Naming, Task};
use crate::likeness::{differing, spelled_like};
use crate::marks::{Owner, own_tags, owner, unmarked};
use crate::seen::Seen;
use crate::settings::Adopt;
use crate::wait::{Standing, repeated, until};

/// How long what was made may take to be visible. A choice of this project; AWS names seconds.
const VISIBLE: Duration = Duration::from_secs(60);

/// A kind and what it says of itself.
pub struct Offered {
    /// What it says of itself.
    pub described: Described,
    /// The kind.
    pub kind: Box<dyn Kind>,
}

impl Offered {
    /// A kind that is offered.
    pub fn new(kind: Box<dyn Kind>) -> Self {
        Self { described: kind.describe(), kind }
    }

    /// Makes an object, or takes over the one that is there.
    pub async fn create(&self, aws: &Account, call: &Call, inputs: &Known) -> Result<Observed, Fault> {
        let inputs = named(self.described.naming, call, inputs);
        let task = self.task(aws, call, &inputs, None);
        let saved = resumed(call);
        let remote = match &saved {
            Some(saved) => self.kind.resumed(&task, saved).await.map_err(Fault::from),
            None => self.made(&task).await,
        };
        let remote = remote.map_err(|fault| scrubbed(fault, &inputs))?;
        if self.described.settles && saved.as_ref() != Some(&remote) {
            // From here on a crash resumes with the object that was made.
            call.checkpoint.save(remote.clone().into_bytes()).await?;
        }
        self.settled(&task, remote).await.map_err(|fault| scrubbed(fault, &inputs))
    }

    /// Changes an object in place.
    pub async fn update(&self, aws: &Account, call: &Call, object: &Object, inputs: &Known) -> Result<Observed, Fault> {
        let task = self.task(aws, call, inputs, Some(object));
        let changed = async {
            let seen = self.kind.look(aws, &object.remote, Some(object)).await?;
            let seen = seen.ok_or_else(|| Fault::rejected(format!("`{}` is gone; plan again", object.remote)))?;
            self.kind.change(&task, &object.remote, &seen).await
        };
        changed.await.map_err(|fault| scrubbed(fault, inputs))?;
        self.settled(&task, object.remote.clone()).await.map_err(|fault| scrubbed(fault, inputs))
    }

    /// Looks at an object.
    pub async fn read(&self, aws: &Account, object: &Object) -> Result<Option<Observed>, Fault> {
        let seen = self.kind.look(aws, &object.remote, Some(object)).await?;
        Ok(seen.map(|seen| self.observed(aws, &object.remote, seen, Some(object))))
    }

    /// What an earlier attempt of this call made.
    pub async fn find(&self, aws: &Account, call: &Call, inputs: &Known) -> Result<Vec<Observed>, Fault> {
        let inputs = named(self.described.naming, call, inputs);
        let task = self.task(aws, call, &inputs, None);
        let mut found = Vec::new();
        for remote in self.kind.candidates(&task).await? {
            let Some(seen) = self.kind.look(aws, &remote, None).await? else { continue };
            if matches!(self.owner(&task, &seen), Owner::ThisCall | Owner::ThisResource) {
                found.push(self.finished(&task, remote, seen).await?);
            }
        }
        Ok(found)
    }

    /// What was found, and what its maker did not come to do. Where that fails, the next plan sees it as drift.
    async fn finished(&self, task: &Task<'_>, remote: String, seen: Seen) -> Result<Observed, Fault> {
        let is_settled = self.described.settles && repeated(VISIBLE, || self.kind.settle(task, &remote)).await.is_ok();
        let now = match is_settled {
            true => self.kind.look(task.aws, &remote, None).await?,
            false => None,
        };
        Ok(self.observed(task.aws, &remote, now.unwrap_or(seen), None))
    }

    /// Looks at an object that is to be adopted.
    pub async fn import(&self, aws: &Account, call: &Call, id: &str) -> Result<Observed, Fault> {
        let remote = self.kind.imported(id);
        let seen = self.kind.look(aws, &remote, None).await?;
        let absent = || {
            let (kind, import) = (&call.address.kind, self.described.import);
            Fault::rejected(format!(
                "there is no `{kind}` `{id}` in account {} in {}; its id is {import}",
                aws.id, aws.region
            ))
        };
        Ok(self.observed(aws, &remote, seen.ok_or_else(absent)?, None))
    }

    fn task<'a>(&'a self, aws: &'a Account, call: &'a Call, inputs: &'a Known, object: Option<&'a Object>) -> Task<'a> {
        Task { aws, call, inputs: Fields(inputs), object, described: &self.described }
    }

    async fn made(&self, task: &Task<'_>) -> Result<String, Fault> {
        if self.described.takes_over
            && let Some((remote, seen)) = self.first_seen(task).await?
        {
            return self.adopted(task, remote, seen).await;
        }
        match self.kind.make(task).await {
            Ok(remote) => Ok(remote),
            Err(failure) if failure.says_exists() => self.met(task, failure).await,
            Err(failure) => Err(failure.into()),
        }
    }

    /// The name is taken: by an earlier attempt of this call, by this resource, or by somebody else.
    async fn met(&self, task: &Task<'_>, failure: Failure) -> Result<String, Fault> {
        if let Some((remote, seen)) = self.first_seen(task).await? {
            return self.adopted(task, remote, seen).await;
        }
        Err(Fault::NotYet { what: format!("what has this name cannot be seen: {}", failure.why()) })
    }

    /// What is there already where the object is to be.
    async fn first_seen(&self, task: &Task<'_>) -> Result<Option<(String, Seen)>, Fault> {
        for remote in self.kind.candidates(task).await? {
            if let Some(seen) = self.kind.look(task.aws, &remote, None).await? {
                return Ok(Some((remote, seen)));
            }
        }
        Ok(None)
    }

    async fn adopted(&self, task: &Task<'_>, remote: String, seen: Seen) -> Result<String, Fault> {
        let owner = self.owner(task, &seen);
        let may = matches!(
            (&owner, task.aws.settings.adopt),
            (Owner::ThisCall, _) | (_, Adopt::Always) | (Owner::ThisResource, Adopt::IfOwned)
        );
        if !may {
            return Err(self.taken(task, &remote, &owner));
        }
        self.refuse_fixed(task, &remote, &seen)?;
        if owner != Owner::ThisCall || !task.differing(&seen).is_empty() {
            self.kind.change(task, &remote, &seen).await?;
        }
        Ok(remote)
    }

    fn owner(&self, task: &Task<'_>, seen: &Seen) -> Owner {
        match (&self.described.evidence, &seen.tags) {
            (Evidence::Tags, Some(tags)) => owner(tags, task.call),
            // A part without tags of its own is ours when it shows everything that was sent.
            _ if task.differing(seen).is_empty() => Owner::ThisCall,
            _ => Owner::Stranger,
        }
    }

    fn taken(&self, task: &Task<'_>, remote: &str, owner: &Owner) -> Fault {
        let address = &task.call.address;
        let whose = match owner {
            Owner::ThisCall | Owner::ThisResource => {
                "it was made for this very resource, and `adopt` is `never`".to_owned()
            }
            Owner::Other(who) => format!("it belongs to {who}"),
            Owner::Stranger => "siac did not make it".to_owned(),
        };
        Fault::rejected(format!(
            "`{remote}` exists already, and {whose}; choose another name, or adopt it: [[import]] to = \"{address}\", id = \"{remote}\""
        ))
    }

    /// What cannot be changed in place must be as it is wanted already.
    fn refuse_fixed(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let Described { schema, policies, .. } = &self.described;
        let differing = differing(schema, policies, task.inputs.0, &seen.inputs);
        let fixed = differing.iter().filter(|name| schema.attributes[name.as_str()].immutable);
        let fixed: Vec<String> = fixed.map(|name| format!("`{name}`")).collect();
        match fixed.is_empty() {
            true => Ok(()),
            false => Err(Fault::rejected(format!(
                "`{remote}` exists already with another {}, which cannot be changed in place; delete it, or choose another name",
                fixed.join(" and another ")
            ))),
        }
    }

    /// Does what is left to do after the call that made or changed the object, and looks at it.
    async fn settled(&self, task: &Task<'_>, remote: String) -> Result<Observed, Fault> {
        let limit = task.call.timeout.mul_f64(0.9);
        let settled = match self.described.settles {
            true => repeated(limit, || self.kind.settle(task, &remote)).await,
            false => Ok(()),
        };
        // What was sent stands. Only of an object that did not come to its end it counts what is different from before.
        let remembered = if settled.is_ok() { None } else { task.object };
        let seen = until(VISIBLE.min(limit), || async {
            Ok(match self.kind.look(task.aws, &remote, remembered).await? {
                Some(seen) => Standing::Ready(seen),
                None => Standing::Waiting("not visible".to_owned()),
            })
        });
        match (settled, seen.await) {
            (Ok(()), Ok(seen)) => Ok(self.observed(task.aws, &remote, seen, remembered)),
            (Err(fault), Ok(seen)) => Err(partial(self.observed(task.aws, &remote, seen, remembered), &fault)),
            (Ok(()), Err(fault)) | (Err(fault), Err(_)) => Err(partial(bare(&remote, task), &fault)),
        }
    }

    fn observed(&self, aws: &Account, remote: &str, seen: Seen, remembered: Option<&Object>) -> Observed {
        let Seen { mut inputs, mut outputs, tags } = seen;
        let nothing = Partial::Map(BTreeMap::new());
        let before = remembered.map_or(&nothing, |object| &object.inputs);
        if let Some(tags) = tags.filter(|_| self.described.schema.attributes.contains_key("tags")) {
            let known = before.get("tags").and_then(Partial::close);
            let known = known.as_ref().map(|tags| Value::map([("tags", tags.clone())]));
            let known = known.as_ref().and_then(|known| Fields(known).map("tags")).unwrap_or_default();
            let own = own_tags(&tags, &aws.settings.default_tags, &known);
            inputs.insert("tags".to_owned(), if own.is_empty() { Value::Null } else { texts(own) });
            outputs.insert("tags_all".to_owned(), texts(unmarked(&tags)));
        }
        let inputs = spelled_like(&self.described.schema, self.described.policies, before, inputs);
        outputs.entry("id".to_owned()).or_insert_with(|| Value::string(remote));
        Observed {
            remote: remote.to_owned(),
            inputs: Value::Map(inputs),
            outputs: Value::Map(outputs),
            private: Vec::new(),
        }
    }
}

fn texts(entries: BTreeMap<String, String>) -> Known {
    Value::Map(entries.into_iter().map(|(key, value)| (key, Value::String(value))).collect())
}

fn resumed(call: &Call) -> Option<String> {
    String::from_utf8(call.resume.clone()?).ok()
}

/// An update that stopped on its way has changed something all the same.
fn partial(observed: Observed, fault: &Fault) -> Fault {
    Fault::Partial { observed: Box::new(observed), why: fault.to_string() }
}

/// What there is to say of an object that cannot be looked at.
fn bare(remote: &str, task: &Task<'_>) -> Observed {
    Observed {
        remote: remote.to_owned(),
        inputs: task.inputs.0.clone(),
        outputs: Value::map([("id", Value::string(remote))]),
        private: Vec::new(),
    }
}

/// The attributes with a name, where the stack gives none.
fn named(naming: Option<Naming>, call: &Call, inputs: &Known) -> Known {
    let (Some(naming), Value::Map(entries)) = (naming, inputs) else { return inputs.clone() };
    let mut entries = entries.clone();
    let name = entries.entry(naming.attribute.to_owned()).or_default();
    if name.is_null() {
        *name = Value::String(made_name(call, naming.most));
    }
    Value::Map(entries)
}

/// `STACK-NAME-KEY` in lower-case letters, digits and `-`, which every service allows, and eight digits of the operation.
fn made_name(call: &Call, most: usize) -> String {
    let parts = [Some(call.stack.as_str()), Some(&call.address.name), call.address.key.as_deref()];
    let parts: Vec<String> = parts.into_iter().flatten().map(lettered).collect();
    let readable: String = parts.join("-").chars().take(most.saturating_sub(9)).collect();
    format!("{}-{}", readable.trim_matches('-'), &call.op.to_string()[..8])
}

fn lettered(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}

/// A fault whose words repeat no secret of these inputs. What is shorter than four letters would blank out ordinary words.
fn scrubbed(fault: Fault, inputs: &Known) -> Fault {
    let secrets = secret_texts(inputs);
    let clean = |text: String| {
        let long = secrets.iter().filter(|secret| secret.len() >= 4);
        long.fold(text, |text, secret| text.replace(secret.as_str(), "(sensitive)"))
    };
    match fault {
        _ if secrets.is_empty() => fault,
        Fault::Rejected { why } => Fault::Rejected { why: clean(why) },
        Fault::Transient { why, retry_after, throttled } => {
            Fault::Transient { why: clean(why), retry_after, throttled }
        }
        Fault::NotYet { what } => Fault::NotYet { what: clean(what) },
        Fault::Ambiguous { why } => Fault::Ambiguous { why: clean(why) },
        Fault::Unknowable { why } => Fault::Unknowable { why: clean(why) },
        Fault::Partial { observed, why } => Fault::Partial { observed, why: clean(why) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siac_core::model::secret::Secret;

    #[test]
    fn faults_repeat_no_secret() {
        let inputs: Known = Value::map([("password", Value::Secret(Secret::new(Value::string("hunter2"))))]);
        let fault = scrubbed(Fault::rejected("`hunter2` is too short"), &inputs);
        assert_eq!(fault.to_string(), "`(sensitive)` is too short");
    }
}
