//! What takes long: followed to its end, across crashes.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use siac_core::ports::{Call, Fault};
use tokio::time::{Instant, sleep};

use super::client::{Answer, Arm, Method, Request};
use super::document::{at, child};
use super::failure::Failure;
use super::id::ResourceId;

/// How far a call has come: what its checkpoint holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The version of this form.
    v: u8,
    /// Which of the call's writes.
    pub step: String,
    /// How far that write has come.
    pub progress: Progress,
}

/// How far a write has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Nothing was there, and it is about to be sent.
    Sending,
    /// Nothing was there, and what was sent was refused: nothing of it can arrive any more.
    Refused,
    /// It was accepted, and goes on.
    Running(Operation),
}

/// Where an accepted write is followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A status document that names its state; from `Azure-AsyncOperation`.
    Status(String),
    /// A place that answers 202 until the result is there; from `Location`.
    Result(String),
    /// The resource itself, whose `provisioningState` ends in Succeeded, Failed or Canceled.
    Resource,
}

/// States in which nothing goes on any more.
const SUCCESS: [&str; 3] = ["Succeeded", "Ready", "Completed"];
const FAILURE: [&str; 3] = ["Failed", "Canceled", "Cancelled"];

/// How much of a call's time polling leaves for what comes after, so that the engine hears of an operation that still goes on.
const RESERVE: Duration = Duration::from_secs(5);

impl Standing {
    /// At this point of this write.
    pub fn at(step: &str, progress: Progress) -> Self {
        Self { v: 1, step: step.to_owned(), progress }
    }

    /// What an earlier attempt of the call left.
    pub fn of(call: &Call) -> Option<Self> {
        serde_json::from_slice(call.resume.as_ref()?).ok().filter(|standing: &Self| standing.v == 1)
    }

    /// Makes it durable.
    ///
    /// # Errors
    /// When the journal does not take it.
    pub async fn save(&self, call: &Call) -> Result<(), Fault> {
        call.checkpoint.save(serde_json::to_vec(self).unwrap_or_default()).await
    }
}

impl Operation {
    /// Where the write that was answered like this goes on; `None` when it is done.
    pub fn of(answer: &Answer) -> Option<Self> {
        let is_final = |state: &str| SUCCESS.iter().chain(&FAILURE).any(|end| state.eq_ignore_ascii_case(end));
        match (&answer.operation, &answer.location) {
            (Some(url), _) => Some(Self::Status(url.clone())),
            (None, Some(url)) if answer.status == 202 => Some(Self::Result(url.clone())),
            // It goes on, and nothing says where.
            (None, None) if answer.status == 202 => Some(Self::Resource),
            _ => at(&answer.body, "properties.provisioningState")
                .and_then(Json::as_str)
                .is_some_and(|state| !is_final(state))
                .then_some(Self::Resource),
        }
    }
}

/// What one look at an operation says.
enum Look {
    Running(Option<Duration>),
    Done,
    Failed(Box<Failure>),
    /// Its status is not kept any more: only the resource can tell.
    Forgotten,
}

impl Arm {
    /// Follows a write until nothing goes on any more. Where it goes on is made durable first, so that another run continues here.
    ///
    /// # Errors
    /// [`Failure`] with a code when the operation failed; a transient fault when the call's time runs out while it still goes on.
    pub async fn finish(
        &self,
        call: &Call,
        step: &str,
        id: &ResourceId,
        api: &str,
        answer: &Answer,
    ) -> Result<(), Failure> {
        let Some(operation) = Operation::of(answer) else { return Ok(()) };
        Standing::at(step, Progress::Running(operation.clone())).save(call).await?;
        self.follow(call, step, id, api, operation, answer.retry_after).await
    }

    /// Goes on with an operation that an earlier attempt began.
    ///
    /// # Errors
    /// As [`Arm::finish`].
    pub async fn resume(
        &self,
        call: &Call,
        step: &str,
        id: &ResourceId,
        api: &str,
        operation: Operation,
    ) -> Result<(), Failure> {
        self.follow(call, step, id, api, operation, Some(Duration::ZERO)).await
    }

    async fn follow(
        &self,
        call: &Call,
        step: &str,
        id: &ResourceId,
        api: &str,
        mut operation: Operation,
        first: Option<Duration>,
    ) -> Result<(), Failure> {
        let end = Instant::now() + call.timeout.saturating_sub(RESERVE);
        let mut wait = first;
        loop {
            let pause = wait.unwrap_or(self.pace().poll);
            if Instant::now() + pause > end {
                let why = format!("the {step} of {id} still goes on; it is looked at again");
                return Err(Fault::transient(why).into());
            }
            sleep(pause).await;
            match self.look(call, step, id, api, &operation).await? {
                Look::Running(asked) => wait = asked,
                Look::Done => return Ok(()),
                Look::Failed(failure) => return Err(*failure),
                Look::Forgotten if operation == Operation::Resource => return Ok(()),
                Look::Forgotten => (operation, wait) = (Operation::Resource, Some(Duration::ZERO)),
            }
        }
    }

    /// One look. What may pass leaves the operation going on.
    async fn look(
        &self,
        call: &Call,
        step: &str,
        id: &ResourceId,
        api: &str,
        operation: &Operation,
    ) -> Result<Look, Failure> {
        let correlation = correlation(call);
        let request = match operation {
            Operation::Status(url) | Operation::Result(url) => Request::on(Method::GET, url.clone()),
            Operation::Resource => Request::new(Method::GET, id, api),
        };
        let answer = self.send(&Request { correlation: Some(&correlation), ..request }).await;
        let words = format!("the {step} of {id}");
        match answer {
            Ok(answer) => Ok(said(&words, operation, &answer)),
            Err(failure) if failure.is_absent() => Ok(Look::Forgotten),
            Err(failure) => match Fault::from(failure.clone()) {
                Fault::Transient { retry_after, .. } => Ok(Look::Running(retry_after)),
                // A failed operation may be told by the status of the place where its result would be.
                Fault::Rejected { .. } if matches!(operation, Operation::Result(_)) => {
                    Ok(Look::Failed(Box::new(failure)))
                }
                _ => Err(failure),
            },
        }
    }
}

/// What an answer says of an operation.
fn said(words: &str, operation: &Operation, answer: &Answer) -> Look {
    let state = match operation {
        Operation::Status(_) => child(&answer.body, "status"),
        Operation::Result(_) if answer.status == 202 => return Look::Running(answer.retry_after),
        Operation::Result(_) => return Look::Done,
        Operation::Resource => at(&answer.body, "properties.provisioningState"),
    };
    let Some(state) = state.and_then(Json::as_str) else { return Look::Done };
    let is = |ends: &[&str]| ends.iter().any(|end| state.eq_ignore_ascii_case(end));
    match () {
        () if is(&SUCCESS) => Look::Done,
        () if is(&FAILURE) => Look::Failed(Box::new(Failure::of_operation(words, state, &answer.body))),
        () => Look::Running(answer.retry_after),
    }
}

/// The identity of the call's operation in the form that Azure expects of correlation ids.
pub fn correlation(call: &Call) -> String {
    uuid::Uuid::from_bytes(call.op.0).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(status: u16, body: Json, operation: Option<&str>, location: Option<&str>) -> Answer {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Answer { status, body, operation: owned(operation), location: owned(location), ..Answer::default() }
    }

    #[test]
    fn headers_and_states_say_where_a_write_goes_on() {
        let cases = [
            (answer(201, json!({}), Some("https://a/op"), Some("https://a/res")), Some("status")),
            (answer(202, json!({}), None, Some("https://a/res")), Some("result")),
            (answer(201, json!({}), None, Some("https://a/res")), None),
            (answer(201, json!({ "properties": { "provisioningState": "Creating" } }), None, None), Some("resource")),
            (answer(200, json!({ "properties": { "provisioningState": "Succeeded" } }), None, None), None),
            (answer(202, Json::Null, None, None), Some("resource")),
            (answer(204, Json::Null, None, None), None),
        ];
        for (answer, expected) in cases {
            let found = Operation::of(&answer).map(|operation| match operation {
                Operation::Status(_) => "status",
                Operation::Result(_) => "result",
                Operation::Resource => "resource",
            });
            assert_eq!(found, expected, "{answer:?}");
        }
    }

    #[test]
    fn a_checkpoint_reads_as_it_was_written() {
        let standing = Standing::at("put", Progress::Running(Operation::Status("https://a/op?s=1".into())));
        let bytes = serde_json::to_vec(&standing).unwrap();
        assert_eq!(serde_json::from_slice::<Standing>(&bytes).unwrap(), standing);
    }

    #[test]
    fn the_end_of_an_operation_is_told_by_its_state() {
        let status = Operation::Status(String::new());
        let look = |body: Json| said("w", &status, &answer(200, body, None, None));
        assert!(matches!(look(json!({ "status": "InProgress" })), Look::Running(None)));
        assert!(matches!(look(json!({ "status": "Succeeded" })), Look::Done));
        let failed = look(json!({ "status": "Failed", "error": { "code": "QuotaExceeded", "message": "no" } }));
        let Look::Failed(failure) = failed else { panic!("it failed") };
        assert_eq!(failure.code, "QuotaExceeded");
    }
}
