//! The binary as people use it: real stacks, real state, real processes, in a folder of their own.

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "aws")]
mod aws_stacks;
#[cfg(feature = "azure")]
mod azure;
#[cfg(feature = "azure")]
mod azure_crashes;
#[cfg(feature = "azure")]
mod azure_newcomers;
#[cfg(feature = "azure")]
mod azure_project;
#[cfg(feature = "azure")]
mod azure_roles;
#[cfg(feature = "azure")]
mod azure_stacks;
mod builds;
mod components;
mod crashes;
#[cfg(feature = "azure")]
mod functions_host;
mod guides;
mod looking;
mod newcomers;
mod rollback;
#[cfg(feature = "aws")]
mod s3;
mod sandbox;
mod secrets;
mod stacks;
mod switch_over;
mod switches;
mod upkeep;
