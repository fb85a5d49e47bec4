//! The protocol by which siac keeps its state, as a model that is checked exhaustively.
//!
//! Read `docs/formats/protocol.md` for the protocol in words; read this crate for what it must withstand. When the protocol changes,
//! this model changes first.
//!
//! # The adversary
//!
//! Every state that these moves can reach is visited:
//!
//! - A run may **crash** after any step, or give up without publishing, as often as the bounds allow. What it had sent stays under way.
//! - A run may **pause for ever**, or go on at the worst moment: nothing obliges anybody to move.
//! - Its lock may be **taken at any moment**, where the variant allows it. No clock is trusted to prevent that.
//! - A request **arrives arbitrarily late**: after its sender was fenced, after it died, after others have finished.
//! - **Later runs want something else**: a resource was removed from the configuration, or put back.
//! - **An outsider** may delete an object behind everybody's back, as often as the bounds allow.
//!
//! What the adversary may not do: change or forget what a store has acknowledged, forge an object, or let the cloud forget a token.
//!
//! # The house
//!
//! [`head`], [`journal`], [`cloud`] and [`client`] are the four things that there are, [`world`] is all of them. [`model`] says what may happen
//! next, [`taking`] and [`working`] what then is, [`properties`] what must never be seen. [`protocol`] lists the choices that a protocol of this shape has, [`variants`] the combinations that
//! are checked: siac's own, and others that must be caught, so that we know that the checker can see.

pub mod client;
pub mod cloud;
pub mod head;
pub mod identity;
pub mod journal;
pub mod model;
pub mod properties;
pub mod protocol;
pub mod report;
pub mod taking;
pub mod telling;
pub mod variants;
pub mod verdict;
pub mod working;
pub mod world;
