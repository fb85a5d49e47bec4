//! The imperative shell: use cases, executor, recovery and the sealed store.

pub mod answering;
pub mod building;
mod calling;
pub mod executor;
pub mod journal;
pub mod project;
pub mod recovery;
pub mod site;
pub mod stop;
pub mod store;
#[cfg(test)]
mod trial;
pub mod use_cases;
#[cfg(test)]
mod whole;
pub mod world;

pub use calling::Patience;
