//! Every kind of the provider `aws`, through the real engine, against the emulator.

mod anything;
mod bounded;
mod code;
mod crashes;
mod documents;
mod expressions;
mod house;
mod memory;
mod ownership;
mod reading;
mod refresh;
mod rows;
mod secrets;
mod serving;
mod suite;
mod waiting;
