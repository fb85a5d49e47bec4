//! Making the bucket and the table that states are kept in, or bringing those that exist to what they should be.
//!
//! Everything is looked at before it is changed, and what is as it should be is left alone: doing it again changes nothing.

mod bucket;
mod policy;
mod table;

use siac_core::ports::StoreFault;

use super::access::Access;
use super::s3::{Bucket, Place};

/// What is to be there.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The bucket.
    pub bucket: String,
    /// The table of registers, when there is to be one.
    pub lock_table: Option<String>,
    /// How to reach both.
    pub access: Access,
    /// Whether the bucket is put into the path of requests; see [`Bucket::new`].
    pub path_style: Option<bool>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// What it is.
    pub what: String,
    /// Whether it had to be changed.
    pub is_changed: bool,
}

impl Done {
    fn made(what: impl Into<String>) -> Self {
        Self { what: what.into(), is_changed: true }
    }

    fn found(what: impl Into<String>) -> Self {
        Self { what: what.into(), is_changed: false }
    }
}

/// Makes what is missing. `say` hears of each thing as it is done.
///
/// # Errors
/// When something cannot be made, is someone else's, or does not keep its promises. What was done until then stays; doing it again goes on there.
pub async fn make(wanted: &Wanted, say: &mut (dyn FnMut(Done) + Send)) -> Result<(), StoreFault> {
    let place = Place { bucket: wanted.bucket.clone(), prefix: String::new(), stack: ".siac".to_owned() };
    let bucket = Bucket::new(place, wanted.access.clone(), wanted.path_style);
    bucket::make(&bucket, say).await?;
    bucket.trust().await?;
    say(Done::found("conditional writes are kept"));
    match &wanted.lock_table {
        Some(name) => table::make(name, &bucket, say).await,
        None => Ok(()),
    }
}
