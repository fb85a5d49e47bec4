//! What a store must keep before a state may begin there: that conditional writes are conditional.
//!
//! Many stores speak the protocol of S3; some ignore its conditions, and some look first and write afterwards. On those two runs could hold one
//! stack. Ignoring is noticed for certain, looking first almost always.

use siac_core::ports::{Blobs, StoreFault};

use super::s3::{Bucket, Condition, Failed};

/// The folder of the objects that are written to see what happens.
const FOLDER: &str = "check";

/// How many writers race, and how often. A choice of this project: a store that looks first let 3 to 20 of 20 writers win in each of 40 races.
const WRITERS: usize = 8;
const RACES: usize = 2;

/// Writes, contradicts and races, on objects of its own, which are deleted in the end.
///
/// # Errors
/// When the store does not keep its conditions, or cannot be asked.
pub(crate) async fn check(bucket: &Bucket) -> Result<(), StoreFault> {
    let name = fresh_name()?;
    let kept = conditions(bucket, &name).await;
    // An object that stays harms nobody.
    let _ = bucket.delete(&name).await;
    kept?;
    for race in 0..RACES {
        let name = format!("{name}-{race}");
        let winners = race_for(bucket, &name).await;
        let _ = bucket.delete(&name).await;
        if winners? != 1 {
            return Err(broken(bucket, "it lets several writers of one new object win"));
        }
    }
    Ok(())
}

fn fresh_name() -> Result<String, StoreFault> {
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|error| StoreFault::Failed(format!("the kernel gives no random numbers: {error}")))?;
    Ok(format!("{FOLDER}/{:016x}", u64::from_le_bytes(random)))
}

async fn conditions(bucket: &Bucket, name: &str) -> Result<(), StoreFault> {
    let write = |text: &'static [u8], condition| bucket.write(name, text.to_vec(), condition);
    let first = told(write(b"1", Condition::Absent).await)?;
    let Some(first) = first else { return Err(broken(bucket, "it refuses to make an object that does not exist")) };
    if told(write(b"2", Condition::Absent).await)?.is_some() {
        return Err(broken(bucket, "it ignores `If-None-Match`"));
    }
    let Some(second) = told(write(b"2", Condition::Tagged(&first)).await)? else {
        return Err(broken(bucket, "it refuses to replace an object whose tag is the expected one"));
    };
    if second == first || told(write(b"3", Condition::Tagged(&first)).await)?.is_some() {
        return Err(broken(bucket, "it ignores `If-Match`"));
    }
    Ok(())
}

/// The new tag; none when the condition was said not to hold.
fn told(written: Result<String, Failed>) -> Result<Option<String>, StoreFault> {
    match written {
        Ok(tag) => Ok(Some(tag)),
        Err(Failed::Condition) => Ok(None),
        Err(Failed::Contested) => Err(StoreFault::Transient("another write is under way".to_owned())),
        Err(Failed::Otherwise(fault)) => Err(fault),
    }
}

/// How many of some writers of one new object are told that it is theirs.
async fn race_for(bucket: &Bucket, name: &str) -> Result<usize, StoreFault> {
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (bucket, name) = (bucket.clone(), name.to_owned());
            tokio::spawn(async move { bucket.write(&name, vec![b'a' + writer as u8; 4096], Condition::Absent).await })
        })
        .collect();
    let mut winners = 0;
    for writer in writers {
        match writer.await {
            Ok(Ok(_)) => winners += 1,
            Ok(Err(Failed::Condition | Failed::Contested)) => {}
            Ok(Err(Failed::Otherwise(fault))) => return Err(fault),
            Err(_) => return Err(StoreFault::Transient("a race was not run to its end".to_owned())),
        }
    }
    Ok(winners)
}

fn broken(bucket: &Bucket, how: &str) -> StoreFault {
    StoreFault::Failed(format!(
        "the store of {} cannot hold a state: {how}, so two runs could hold one stack at once; use S3 itself or a store that keeps conditional writes, or keep the register in DynamoDB with `lock_table`",
        bucket.place()
    ))
}
