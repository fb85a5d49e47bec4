//! Terminal sessions: hand-made values, shown, compared with the texts that are kept in `texts/`.
//!
//! `SIAC_UPDATE_SCREENS=1` rewrites the texts; the difference is then read in review.

mod json;
mod plans;
mod reference;
mod services;
mod support;
mod views;
