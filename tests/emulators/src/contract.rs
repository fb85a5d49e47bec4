//! Requests compared with the models that the services publish: what is required, ranges, lengths, patterns, enumerations.
//!
//! An emulator forgives what the cloud refuses; a request that passes here is one that the cloud would at least read.

mod cbor;
mod check;
mod input;
mod model;
mod operation;
mod query;
mod xml;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::install;
use crate::proxy::Request;
use model::Model;

/// Signing names, and the model of each; requests of one name are told apart by their path.
const SERVICES: [(&str, &str); 20] = [
    ("acm", "acm"),
    ("apigateway", "apigatewayv2"),
    ("application-autoscaling", "application-autoscaling"),
    ("cloudcontrolapi", "cloudcontrol"),
    ("dynamodb", "dynamodb"),
    ("events", "events"),
    ("execute-api", "apigatewaymanagementapi"),
    ("iam", "iam"),
    ("kms", "kms"),
    ("lambda", "lambda"),
    ("logs", "logs"),
    ("monitoring", "cloudwatch"),
    ("route53", "route53"),
    ("s3", "s3"),
    ("scheduler", "scheduler"),
    ("secretsmanager", "secretsmanager"),
    ("sns", "sns"),
    ("sqs", "sqs"),
    ("ssm", "ssm"),
    ("sts", "sts"),
];

/// Services whose requests are not compared: they are only read, and their protocol is used by nothing else.
const UNCHECKED: [&str; 1] = ["ec2"];

/// The models of all services, each read when it is first needed.
pub struct Contract {
    folder: PathBuf,
    models: Mutex<BTreeMap<&'static str, Arc<Model>>>,
}

/// What a request is, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// `service.Operation`; none when the request is not signed and so for no service.
    pub operation: Option<String>,
    /// A sentence each; empty when the service would read it.
    pub violations: Vec<String>,
}

impl Contract {
    /// The models that this process shares.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<Contract>> = OnceLock::new();
        SHARED.get_or_init(|| Arc::new(Self::of(install::ministack().models))).clone()
    }

    /// The models in a folder: files of the form of botocore's `service-2.json`, named by their service.
    pub fn of(folder: PathBuf) -> Self {
        Self { folder, models: Mutex::default() }
    }

    /// Compares a request.
    pub fn check(&self, request: &Request) -> Verdict {
        let Some(signing_name) = request.signing_name().filter(|name| !UNCHECKED.contains(&name.as_str())) else {
            return Verdict::default();
        };
        let Some((_, service)) = SERVICES.iter().find(|(name, _)| *name == signing_name) else {
            return Verdict::wrong(None, format!("no model is known for the signing name `{signing_name}`"));
        };
        let model = self.model(service);
        let operation = match operation::of(&model, request) {
            Ok(operation) => operation,
            Err(why) => return Verdict::wrong(None, format!("{service}: {why}")),
        };
        let name = format!("{service}.{operation}");
        match input::of(&model, &operation, request) {
            Err(why) => Verdict::wrong(Some(name), why),
            Ok(input) => Verdict {
                operation: Some(name),
                violations: check::violations(&model, model.protocol_of(request), &operation, &input),
            },
        }
    }

    fn model(&self, service: &'static str) -> Arc<Model> {
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        models.entry(service).or_insert_with(|| Arc::new(Model::read(&self.folder, service))).clone()
    }
}

impl Verdict {
    fn wrong(operation: Option<String>, why: String) -> Self {
        Self { operation, violations: vec![why] }
    }
}
