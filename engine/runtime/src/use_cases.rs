//! What siac is asked to do, from beginning to end: each use case reads top to bottom like a recipe.

pub mod applying;
pub mod connecting;
pub mod editing;
pub mod examining;
pub mod expanding;
pub mod failed;
pub mod inspecting;
pub mod loading;
pub mod planning;
pub mod settling;

pub use failed::Failed;
