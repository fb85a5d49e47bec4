//! `aws_sqs_queue_policy`.

use async_trait::async_trait;
use aws_sdk_sqs::types::QueueAttributeName;
use siac_core::model::schema::{Attribute, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::ports::Fault;

use super::{Attributes, attributes, set};
use crate::account::Account;
use crate::failure::Failure;
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::seen::{Seen, filled};

/// The kind. AWS knows it by the queue's URL.
pub struct QueuePolicy;

#[async_trait]
impl Kind for QueuePolicy {
    fn describe(&self) -> Described {
        let attributes = [
            ("queue_url", Attribute::required(Type::String, "the URL of the queue").immutable()),
            ("policy", Attribute::required(Type::String, "who may use the queue: an IAM policy, as JSON")),
        ];
        Described::new("the policy of a queue", RecoveryClass::Put, attributes)
            .unique("queue_url")
            .policies(&["policy"])
            .imported_by("the queue's URL")
            .needs(&["sqs:GetQueueAttributes", "sqs:SetQueueAttributes"])
    }

    fn validate(&self, check: &mut Check<'_>) {
        limits::document(check, "policy", 20_480, "Amazon SQS policy quotas");
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("queue_url")
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let attributes = attributes(aws, remote).await?.unwrap_or_default();
        let policy = attributes.get(&QueueAttributeName::Policy).filter(|policy| !policy.is_empty());
        let seen = |policy: &String| Seen::new().input("queue_url", remote).input("policy", filled(Some(policy)));
        Ok(policy.map(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let remote = task.inputs.need("queue_url")?.to_owned();
        self.put(task.aws, &remote, task.inputs.need("policy")?).await?;
        Ok(remote)
    }

    async fn change(&self, task: &Task<'_>, remote: &str, _: &Seen) -> Result<(), Fault> {
        self.put(task.aws, remote, task.inputs.need("policy")?).await
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        // A queue that is gone has no policy.
        match attributes(aws, remote).await? {
            None => Ok(()),
            Some(_) => self.put(aws, remote, "").await,
        }
    }
}

impl QueuePolicy {
    async fn put(&self, aws: &Account, url: &str, policy: &str) -> Result<(), Fault> {
        set(aws, url, Attributes::from([(QueueAttributeName::Policy, policy.to_owned())])).await
    }
}
