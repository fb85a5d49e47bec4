//! Bucket and table, made once and left alone from then on.

use siac_core::ports::StoreFault;
use siac_emulators::{Emulator, Rule};
use siac_state_backends::aws::bootstrap::{self, Done, Wanted};

use super::{Cloud, access, config};

#[tokio::test]
async fn what_is_made_once_is_not_changed_again() {
    let cloud = Cloud::new().await;
    assert_eq!(cloud.make().await, Vec::<String>::new());
    let client = aws_sdk_s3::Client::new(&config(&cloud.emulator.endpoint(), cloud.emulator.account()));
    let versions = client.get_bucket_versioning().bucket(&cloud.bucket).send().await.expect("it is told");
    assert_eq!(versions.status().map(|status| status.as_str().to_owned()).as_deref(), Some("Enabled"));
    let policy = client.get_bucket_policy().bucket(&cloud.bucket).send().await.expect("it is told");
    let policy = policy.policy().expect("there is one");
    for part in ["aws:SecureTransport", "s3:if-none-match", "/*/HEAD"] {
        assert!(policy.contains(part), "{policy}");
    }
    let private = client.get_public_access_block().bucket(&cloud.bucket).send().await.expect("it is told");
    let private = private.public_access_block_configuration().expect("there is one");
    assert_eq!(private.restrict_public_buckets(), Some(true));
    let left = cloud.emulator.left().await;
    assert_eq!(left, ["dynamodb tables locks".to_owned(), format!("s3 buckets {}", cloud.bucket)]);
}

#[tokio::test]
async fn what_someone_weakened_is_mended_and_told() {
    let cloud = Cloud::new().await;
    let client = aws_sdk_s3::Client::new(&config(&cloud.emulator.endpoint(), cloud.emulator.account()));
    client.delete_public_access_block().bucket(&cloud.bucket).send().await.expect("it is deleted");
    client.delete_bucket_policy().bucket(&cloud.bucket).send().await.expect("it is deleted");
    let mended = cloud.make().await;
    assert_eq!(mended.len(), 2, "{mended:?}");
}

#[tokio::test]
async fn a_making_that_is_interrupted_anywhere_is_finished_by_the_next() {
    let emulator = Emulator::start().await;
    let wanted = Wanted {
        bucket: emulator.unique("interrupted"),
        lock_table: Some("interrupted".into()),
        access: access(&emulator.endpoint(), emulator.account()),
        path_style: None,
    };
    let mut interruptions = 0;
    for place in ["s3.CreateBucket", "PutBucketVersioning", "PublicAccessBlock", "PutBucketPolicy", "CreateTable"] {
        emulator.proxy().clear();
        emulator.proxy().add(Rule::on(place).loses_answer().first(1));
        let made = bootstrap::make(&wanted, &mut |_| {}).await;
        interruptions += usize::from(matches!(made, Err(StoreFault::Ambiguous(_) | StoreFault::Transient(_))));
    }
    assert_eq!(interruptions, 5);
    emulator.proxy().clear();
    bootstrap::make(&wanted, &mut |_| {}).await.expect("it is finished");
    let mut changed = Vec::new();
    let mut say = |done: Done| changed.extend(done.is_changed.then_some(done.what));
    bootstrap::make(&wanted, &mut say).await.expect("it is made");
    assert_eq!(changed, Vec::<String>::new());
}

#[tokio::test]
async fn a_bucket_of_someone_else_and_a_table_of_another_shape_are_left_alone() {
    let (mine, theirs) = (Cloud::new().await, Emulator::start().await);
    let wanted = |table: Option<&str>, bucket: String, emulator: &Emulator| Wanted {
        bucket,
        lock_table: table.map(str::to_owned),
        access: access(&emulator.endpoint(), emulator.account()),
        path_style: None,
    };
    let made = bootstrap::make(&wanted(None, mine.bucket.clone(), &theirs), &mut |_| {}).await;
    let Err(StoreFault::Failed(why)) = made else { panic!("{made:?}") };
    assert!(why.contains("another account"), "{why}");
    let tables = aws_sdk_dynamodb::Client::new(&config(&theirs.endpoint(), theirs.account()));
    let key = aws_sdk_dynamodb::types::KeySchemaElement::builder().attribute_name("id");
    let key = key.key_type(aws_sdk_dynamodb::types::KeyType::Hash).build().expect("a key");
    let attribute = aws_sdk_dynamodb::types::AttributeDefinition::builder().attribute_name("id");
    let attribute = attribute.attribute_type(aws_sdk_dynamodb::types::ScalarAttributeType::S).build().expect("a key");
    let table = tables.create_table().table_name("other-shape").key_schema(key).attribute_definitions(attribute);
    let table = table.billing_mode(aws_sdk_dynamodb::types::BillingMode::PayPerRequest);
    table.send().await.expect("a table");
    let made = bootstrap::make(&wanted(Some("other-shape"), theirs.unique("own"), &theirs), &mut |_| {}).await;
    let Err(StoreFault::Failed(why)) = made else { panic!("{made:?}") };
    assert!(why.contains("LockID"), "{why}");
}
