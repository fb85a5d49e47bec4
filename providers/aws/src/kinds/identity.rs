//! `data.aws_caller_identity` and `data.aws_region`: whose account this is, and where.

use async_trait::async_trait;
use siac_core::model::schema::Attribute;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::Answer;
use crate::fields::Fields;
use crate::kind::{Data, Described};
use crate::seen::Told;

/// Who siac is to AWS.
pub struct CallerIdentity;

#[async_trait]
impl Data for CallerIdentity {
    fn describe(&self) -> Described {
        let text = |description| Attribute::computed(Type::String, description);
        let attributes = [
            ("account_id", text("the account's number")),
            ("arn", text("the ARN of who siac runs as")),
            ("user_id", text("what tells who siac runs as from others")),
        ];
        Described::data("who siac is to AWS", attributes, &["sts:GetCallerIdentity"])
    }

    async fn read(&self, aws: &Account, _: Fields<'_>) -> Result<Known, Fault> {
        let identity = aws.sts().get_caller_identity().send().await.of("sts:GetCallerIdentity")?;
        Ok(Value::map([
            ("id", identity.account().told()),
            ("account_id", identity.account().told()),
            ("arn", identity.arn().told()),
            ("user_id", identity.user_id().told()),
        ]))
    }
}

/// The region that the provider acts on.
pub struct Region;

#[async_trait]
impl Data for Region {
    fn describe(&self) -> Described {
        let text = |description| Attribute::computed(Type::String, description);
        let attributes = [
            ("name", text("its name, for instance `eu-central-1`")),
            ("region", text("the same")),
            ("partition", text("the partition it lies in: `aws`, `aws-cn` or `aws-us-gov`")),
            ("dns_suffix", text("the domain of the partition's services")),
        ];
        Described::data("the region that the provider acts on", attributes, &[])
    }

    async fn read(&self, aws: &Account, _: Fields<'_>) -> Result<Known, Fault> {
        Ok(Value::map([
            ("id", aws.region.as_str().told()),
            ("name", aws.region.as_str().told()),
            ("region", aws.region.as_str().told()),
            ("partition", aws.partition().told()),
            ("dns_suffix", aws.dns_suffix().told()),
        ]))
    }
}
