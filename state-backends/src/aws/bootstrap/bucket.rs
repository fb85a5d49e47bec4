//! The bucket.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, PublicAccessBlockConfiguration,
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    VersioningConfiguration,
};
use siac_core::ports::StoreFault;

use super::super::fault::Failure;
use super::super::s3::Bucket;
use super::{Done, policy};

/// The region whose buckets are made without naming it.
const NAMELESS_REGION: &str = "us-east-1";

type Say<'a> = &'a mut (dyn FnMut(Done) + Send);

pub(super) async fn make(bucket: &Bucket, say: Say<'_>) -> Result<(), StoreFault> {
    let name = &bucket.place().bucket;
    let connected = async { Ok((bucket.door().client().await?, bucket.door().connection().config().await?)) };
    let connected: Result<_, String> = connected.await;
    let (client, config) =
        connected.map_err(|why| StoreFault::Failed(format!("the bucket `{name}` cannot be made: {why}")))?;
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    let made = Making { client, name, region: &region };
    made.existence(say).await?;
    made.versions(say).await?;
    made.encryption(say).await?;
    made.privacy(say).await?;
    made.policy(say).await
}

struct Making<'a> {
    client: &'a Client,
    name: &'a str,
    region: &'a str,
}

impl Making<'_> {
    /// A failure while doing something with the bucket.
    fn fault(&self, doing: &str, failure: Failure) -> StoreFault {
        let remedy = match failure.code.as_str() {
            "BucketAlreadyExists" => "another account has a bucket of that name; choose another one",
            "InvalidBucketName" => "choose a name of 3 to 63 lower-case letters, digits and dashes",
            _ => "",
        };
        failure.of_write(&format!("the bucket `{}` {doing}", self.name), remedy)
    }

    async fn existence(&self, say: Say<'_>) -> Result<(), StoreFault> {
        let Err(error) = self.client.head_bucket().bucket(self.name).send().await else {
            say(Done::found(format!("bucket {}", self.name)));
            return Ok(());
        };
        let failure = Failure::of(&error);
        match (failure.status, &failure.bucket_region) {
            (404, _) => {}
            (301 | 400, Some(there)) if there != self.region => {
                return Err(StoreFault::Failed(format!(
                    "the bucket `{}` exists in {there}; pass `--region {there}`, or choose another name",
                    self.name
                )));
            }
            (403, _) => {
                return Err(StoreFault::Failed(format!(
                    "the bucket `{}` exists, and these credentials may not look at it: it belongs to another account, or they lack s3:ListBucket; choose another name or other credentials",
                    self.name
                )));
            }
            _ => return Err(self.fault("cannot be looked at", failure)),
        }
        let mut request = self.client.create_bucket().bucket(self.name);
        if self.region != NAMELESS_REGION {
            let place = BucketLocationConstraint::from(self.region);
            request = request
                .create_bucket_configuration(CreateBucketConfiguration::builder().location_constraint(place).build());
        }
        match request.send().await.map_err(|error| Failure::of(&error)) {
            Ok(_) => {}
            // An answer that was lost, and another run that was faster, end here.
            Err(failure) if failure.is(&["BucketAlreadyOwnedByYou"]) => {}
            Err(failure) => return Err(self.fault("cannot be made", failure)),
        }
        say(Done::made(format!("bucket {} in {}", self.name, self.region)));
        Ok(())
    }

    async fn versions(&self, say: Say<'_>) -> Result<(), StoreFault> {
        let told = self.client.get_bucket_versioning().bucket(self.name).send().await;
        let told = told.map_err(|error| self.fault("does not tell its versioning", Failure::of(&error)))?;
        if told.status() == Some(&BucketVersioningStatus::Enabled) {
            say(Done::found("every version of an object is kept"));
            return Ok(());
        }
        let wanted = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let request = self.client.put_bucket_versioning().bucket(self.name).versioning_configuration(wanted);
        request.send().await.map_err(|error| self.fault("cannot keep versions", Failure::of(&error)))?;
        say(Done::made("every version of an object is kept"));
        Ok(())
    }

    /// What siac writes is sealed already; this is the second lock on the door, and what auditors ask for.
    async fn encryption(&self, say: Say<'_>) -> Result<(), StoreFault> {
        match self.client.get_bucket_encryption().bucket(self.name).send().await.map_err(|error| Failure::of(&error)) {
            Ok(_) => {
                say(Done::found("objects are encrypted at rest"));
                return Ok(());
            }
            Err(failure) if failure.is(&["ServerSideEncryptionConfigurationNotFoundError"]) => {}
            Err(failure) => return Err(self.fault("does not tell its encryption", failure)),
        }
        let unbuilt = |_| StoreFault::Failed("the encryption of the bucket cannot be described".to_owned());
        let by_default = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(ServerSideEncryption::Aes256)
            .build()
            .map_err(unbuilt)?;
        let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by_default).build();
        let wanted = ServerSideEncryptionConfiguration::builder().rules(rule).build().map_err(unbuilt)?;
        let request =
            self.client.put_bucket_encryption().bucket(self.name).server_side_encryption_configuration(wanted);
        request.send().await.map_err(|error| self.fault("cannot encrypt objects", Failure::of(&error)))?;
        say(Done::made("objects are encrypted at rest"));
        Ok(())
    }

    async fn privacy(&self, say: Say<'_>) -> Result<(), StoreFault> {
        let told = self.client.get_public_access_block().bucket(self.name).send().await;
        let is_private = match told.map_err(|error| Failure::of(&error)) {
            Ok(told) => told.public_access_block_configuration().is_some_and(blocks_everything),
            Err(failure) if failure.is(&["NoSuchPublicAccessBlockConfiguration"]) => false,
            Err(failure) => return Err(self.fault("does not tell who may see it", failure)),
        };
        if is_private {
            say(Done::found("nothing in it can be made public"));
            return Ok(());
        }
        let wanted = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        let request = self.client.put_public_access_block().bucket(self.name).public_access_block_configuration(wanted);
        request.send().await.map_err(|error| self.fault("cannot be kept private", Failure::of(&error)))?;
        say(Done::made("nothing in it can be made public"));
        Ok(())
    }

    async fn policy(&self, say: Say<'_>) -> Result<(), StoreFault> {
        const WHAT: &str = "its policy allows TLS only, and changes of HEAD only under a condition";
        let told = self.client.get_bucket_policy().bucket(self.name).send().await;
        let present = match told.map_err(|error| Failure::of(&error)) {
            Ok(told) => told.policy().map(str::to_owned),
            Err(failure) if failure.is(&["NoSuchBucketPolicy"]) => None,
            Err(failure) => return Err(self.fault("does not tell its policy", failure)),
        };
        let wanted = policy::with_ours(present.as_deref(), self.name, self.region)
            .map_err(|why| StoreFault::Failed(format!("the bucket `{}` has a policy that {why}", self.name)))?;
        let Some(wanted) = wanted else {
            say(Done::found(WHAT));
            return Ok(());
        };
        let request = self.client.put_bucket_policy().bucket(self.name).policy(wanted);
        request.send().await.map_err(|error| self.fault("does not take its policy", Failure::of(&error)))?;
        say(Done::made(WHAT));
        Ok(())
    }
}

fn blocks_everything(block: &PublicAccessBlockConfiguration) -> bool {
    let says = |said: Option<bool>| said == Some(true);
    says(block.block_public_acls())
        && says(block.ignore_public_acls())
        && says(block.block_public_policy())
        && says(block.restrict_public_buckets())
}
