//! Every kind of the provider `azure`, through the real engine, against the double of Azure Resource Manager.

mod crashes;
mod documents;
mod explained;
mod house;
mod requests;
mod rows;
mod stacks;
mod stories;
mod suite;
