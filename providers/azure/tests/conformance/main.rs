//! Every kind of the provider `azure`, through the real engine, against the double of Azure Resource Manager.

mod crashes;
mod house;
mod rows;
mod stories;
mod suite;
