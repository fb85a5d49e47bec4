//! Answers that are lost, stores that break their word, and what users are told.

use std::sync::Arc;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::error::ProvideErrorMetadata;
use siac_core::ports::{Blobs, Hold, Put, Register, StoreFault};
use siac_emulators::{Emulator, Rule};
use siac_state_backends::aws::lock_table::LockTable;
use siac_state_backends::aws::s3::{Bucket, Place};

use super::{Cloud, access, config};

/// Both registers, each with what matches its writes.
fn registers(cloud: &Cloud, stack: &str) -> [(Arc<dyn Register>, &'static str); 2] {
    [
        (Arc::new(cloud.bucket(stack)), r"^s3\.PutObject PUT .*/HEAD"),
        (Arc::new(cloud.table(&format!("{stack}-locked"))), r"^dynamodb\.UpdateItem"),
    ]
}

/// The trap that this backend stays out of: below it, a repeated write is refused because of itself.
#[tokio::test]
async fn a_client_that_repeats_a_conditional_write_is_refused_by_its_own_success() {
    let cloud = Cloud::new().await;
    let config = config(&cloud.emulator.endpoint(), cloud.emulator.account());
    let repeating = aws_sdk_s3::config::Builder::from(&config).retry_config(RetryConfig::standard()).build();
    let client = aws_sdk_s3::Client::from_conf(repeating);
    cloud.emulator.proxy().add(Rule::on(r"^s3\.PutObject PUT .*/trap").loses_answer().first(1));
    let put = client.put_object().bucket(&cloud.bucket).key("trap").if_none_match("*").body(b"mine".to_vec().into());
    let refused = put.send().await.expect_err("the repetition is refused");
    assert_eq!(refused.code(), Some("PreconditionFailed"));
    assert_eq!(cloud.emulator.proxy().count("/trap"), 2, "the client repeated by itself");
}

#[tokio::test]
async fn a_write_is_sent_once_and_a_lost_answer_is_told_as_such() {
    let cloud = Cloud::new().await;
    for (register, writes) in registers(&cloud, "lost") {
        let first = register.cas(None, b"1".to_vec(), Hold::Keep).await.expect("the first write");
        let sent = cloud.emulator.proxy().count(writes);
        cloud.emulator.proxy().clear();
        cloud.emulator.proxy().add(Rule::on(writes).loses_answer().first(1));
        let told = register.cas(Some(&first), b"2".to_vec(), Hold::Keep).await;
        assert!(matches!(told, Err(StoreFault::Ambiguous(_))), "{told:?}");
        assert_eq!(cloud.emulator.proxy().count(writes), sent + 1, "{writes}");
        let (bytes, _) = register.read().await.expect("it can be read").expect("it was written");
        assert_eq!(bytes, b"2", "the answer was lost, not the write");
        assert_eq!(register.cas(Some(&first), b"2".to_vec(), Hold::Keep).await, Err(StoreFault::Conflict));
    }
}

#[tokio::test]
async fn a_lost_request_is_told_as_unknown_and_changes_nothing() {
    let cloud = Cloud::new().await;
    for (register, writes) in registers(&cloud, "before") {
        let first = register.cas(None, b"1".to_vec(), Hold::Keep).await.expect("the first write");
        cloud.emulator.proxy().clear();
        cloud.emulator.proxy().add(Rule::on(writes).loses_request().first(1));
        let told = register.cas(Some(&first), b"2".to_vec(), Hold::Keep).await;
        assert!(matches!(told, Err(StoreFault::Ambiguous(_))), "{told:?}");
        register.cas(Some(&first), b"2".to_vec(), Hold::Keep).await.expect("nothing had happened");
    }
}

#[tokio::test]
async fn a_contested_write_is_a_conflict_and_a_busy_service_asks_for_patience() {
    let cloud = Cloud::new().await;
    let proxy = cloud.emulator.proxy();
    let register = cloud.bucket("contested");
    let first = register.cas(None, b"1".to_vec(), Hold::Keep).await.expect("the first write");
    proxy.add(Rule::on("/HEAD").fails(409, "ConditionalRequestConflict", "try again").first(1));
    assert_eq!(register.cas(Some(&first), b"2".to_vec(), Hold::Keep).await, Err(StoreFault::Conflict));
    proxy.add(Rule::on("/HEAD").fails(503, "SlowDown", "Reduce your request rate").first(1));
    let busy = register.cas(Some(&first), b"2".to_vec(), Hold::Keep).await;
    assert!(matches!(&busy, Err(StoreFault::Transient(why)) if why.contains("SlowDown")), "{busy:?}");
    proxy.add(Rule::on("/wal/").fails(409, "ConditionalRequestConflict", "try again").first(1));
    let contested = register.put_new("wal/1", b"x".to_vec()).await;
    assert!(matches!(contested, Err(StoreFault::Transient(_))), "{contested:?}");
    assert_eq!(register.put_new("wal/1", b"x".to_vec()).await, Ok(Put::Created));
    let table = cloud.table("contested-locked");
    proxy.clear();
    let first = table.cas(None, b"1".to_vec(), Hold::Keep).await.expect("the first write");
    proxy.add(Rule::on("UpdateItem").fails(400, "ProvisionedThroughputExceededException", "slower").first(1));
    let busy = table.cas(Some(&first), b"2".to_vec(), Hold::Keep).await;
    assert!(matches!(busy, Err(StoreFault::Transient(_))), "{busy:?}");
}

#[tokio::test]
async fn a_store_that_ignores_conditions_is_noticed_before_a_state_begins_there() {
    let cloud = Cloud::new().await;
    let proxy = cloud.emulator.proxy();
    for (header, stack) in [("if-none-match", "a"), ("if-match", "b")] {
        proxy.clear();
        proxy.add(Rule::on(r"^s3\.PutObject").strips(&[header]));
        for register in [Arc::new(cloud.bucket(stack)) as Arc<dyn Register>, Arc::new(cloud.table(stack))] {
            let told = register.cas(None, b"1".to_vec(), Hold::Take).await;
            let Err(StoreFault::Failed(why)) = told else { panic!("{header} is stripped, and {told:?}") };
            assert!(why.contains("cannot hold a state") && why.to_lowercase().contains(header), "{why}");
            assert_eq!(register.read().await, Ok(None), "nothing was begun");
        }
    }
}

#[tokio::test]
async fn a_store_that_looks_first_and_writes_afterwards_is_noticed() {
    let cloud = Cloud::new().await;
    // The first four writes are those of one writer alone; from then on nothing is conditional, as if each racer had looked before any wrote.
    cloud.emulator.proxy().add(Rule::on(r"^s3\.PutObject").after(4).strips(&["if-none-match"]));
    let told = cloud.bucket("racy").cas(None, b"1".to_vec(), Hold::Take).await;
    let Err(StoreFault::Failed(why)) = told else { panic!("{told:?}") };
    assert!(why.contains("several writers"), "{why}");
}

#[tokio::test]
async fn the_two_registers_of_one_place_are_never_both_used() {
    let cloud = Cloud::new().await;
    cloud.table("one").cas(None, b"1".to_vec(), Hold::Take).await.expect("the first write");
    let Err(StoreFault::Failed(why)) = cloud.bucket("one").read().await else { panic!("the bucket's was taken") };
    assert!(why.contains("lock_table") && why.contains("`locks`"), "{why}");
    let other = LockTable::new("other", cloud.bucket("one"));
    let Err(StoreFault::Failed(why)) = other.cas(None, b"1".to_vec(), Hold::Take).await else { panic!("it was taken") };
    assert!(why.contains("`locks`") && why.contains("`other`"), "{why}");
    cloud.bucket("two").cas(None, b"1".to_vec(), Hold::Take).await.expect("the first write");
    let table = cloud.table("two");
    for told in [table.cas(None, b"1".to_vec(), Hold::Take).await.map(drop), table.read().await.map(drop)] {
        let Err(StoreFault::Failed(why)) = told else { panic!("the table's was taken") };
        assert!(why.contains("remove `lock_table`"), "{why}");
    }
}

#[tokio::test]
async fn what_is_missing_is_named_with_what_to_type_next() {
    let cloud = Cloud::new().await;
    let (endpoint, account) = (cloud.emulator.endpoint(), cloud.emulator.account().to_owned());
    let place = Place { bucket: "no-such-bucket-here".into(), prefix: String::new(), stack: "shop".into() };
    let missing = Bucket::new(place, access(&endpoint, &account), None);
    let told = [
        missing.read().await.err(),
        missing.list("").await.err(),
        missing.put_new("a", Vec::new()).await.err(),
        missing.delete("a").await.err(),
    ];
    for fault in told {
        let Some(StoreFault::Failed(why)) = fault else { panic!("{fault:?}") };
        assert!(why.contains("siac init --backend s3 --bucket no-such-bucket-here"), "{why}");
        assert!(why.contains("request "), "{why}");
    }
    let table = LockTable::new("no-such-table", cloud.bucket("shop"));
    let Err(StoreFault::Failed(why)) = table.read().await else { panic!("there is none") };
    assert!(why.contains("--lock-table no-such-table"), "{why}");
    cloud.emulator.proxy().add(Rule::on(r"^s3\.GetObject").fails(403, "AccessDenied", "Access Denied"));
    let Err(StoreFault::Failed(why)) = cloud.bucket("shop").read().await else { panic!("it is denied") };
    assert!(why.contains("AccessDenied") && why.contains("permissions"), "{why}");
}

#[tokio::test]
async fn a_stranger_is_told_that_the_credentials_are_not_valid() {
    let emulator = Emulator::strict().await;
    let place = Place { bucket: "any".into(), prefix: String::new(), stack: "shop".into() };
    let bucket = Bucket::new(place, access(&emulator.endpoint(), "AKIASTRANGER"), None);
    let Err(StoreFault::Failed(why)) = bucket.read().await else { panic!("a stranger was let in") };
    assert!(why.contains("credentials are not valid"), "{why}");
}
