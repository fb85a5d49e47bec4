//! DynamoDB.

mod indexes;
mod settings;
pub mod table;
