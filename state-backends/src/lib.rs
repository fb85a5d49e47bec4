//! Where siac keeps its sealed state, the keys that open it, and the secrets that clouds keep for stacks.
//!
//! A backend offers a register and objects by name and sees nothing but ciphertext; a key provider wraps data keys and sees no state.

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "azure")]
pub mod azure;
pub mod key_file;
pub mod local;
mod names;
pub mod passphrase;
mod wrapping;
