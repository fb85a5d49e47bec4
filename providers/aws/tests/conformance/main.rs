//! Every kind of the provider `aws`, through the real engine, against the emulator.

mod crashes;
mod house;
mod rows;
mod suite;
