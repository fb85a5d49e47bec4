//! Simple Queue Service.

pub mod queue;
pub mod queue_policy;

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName;
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::{Answer, Sorted};

/// Attributes of a queue as SQS writes them: all of them texts.
type Attributes = HashMap<QueueAttributeName, String>;

/// Every attribute of a queue; `None` when there is no such queue.
async fn attributes(aws: &Account, url: &str) -> Result<Option<Attributes>, Fault> {
    let call = aws.sqs().get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
    let answer = call.send().await.of("sqs:GetQueueAttributes").or_absent()?;
    Ok(answer.map(|answer| answer.attributes().cloned().unwrap_or_default()))
}

/// Writes attributes of a queue.
async fn set(aws: &Account, url: &str, attributes: Attributes) -> Result<(), Fault> {
    if attributes.is_empty() {
        return Ok(());
    }
    let call = aws.sqs().set_queue_attributes().queue_url(url).set_attributes(Some(attributes));
    call.send().await.of("sqs:SetQueueAttributes")?;
    Ok(())
}
