//! One configured instance: an account, a region, and a client for each service.

use std::sync::OnceLock;

use aws_config::SdkConfig;

use crate::settings::Settings;

/// An account and a region to act on.
pub struct Account {
    /// The account's number, twelve digits.
    pub id: String,
    /// The region, for instance `eu-central-1`.
    pub region: String,
    /// What the configuration says.
    pub settings: Settings,
    config: SdkConfig,
    clients: Clients,
}

impl Account {
    /// The account behind a loaded configuration.
    pub fn new(id: String, region: String, settings: Settings, config: SdkConfig) -> Self {
        Self { id, region, settings, config, clients: Clients::default() }
    }

    /// The same with the number that STS told.
    #[must_use]
    pub fn of(mut self, id: String) -> Self {
        self.id = id;
        self
    }

    /// The partition of the region. Source: "Amazon Resource Names (ARNs)" in the IAM User Guide.
    pub fn partition(&self) -> &'static str {
        match self.region.split('-').next() {
            Some("cn") => "aws-cn",
            Some("us") if self.region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    /// An ARN in this account and region.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition(), self.region, self.id)
    }

    /// An ARN of a global service in this account.
    pub fn global_arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}::{}:{resource}", self.partition(), self.id)
    }

    /// Whether a service is not at its usual place.
    fn is_elsewhere(&self, service: &str) -> bool {
        self.config.endpoint_url().is_some() || self.settings.endpoint_of(service).is_some()
    }

    /// The domain of the partition.
    pub fn dns_suffix(&self) -> &'static str {
        if self.partition() == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
    }
}

macro_rules! services {
    ($($(#[$doc:meta])* $name:ident: $sdk:ident),* $(,)?) => {
        /// The clients, each made when it is first needed.
        #[derive(Default)]
        struct Clients {
            $($name: OnceLock<$sdk::Client>,)*
        }

        /// The services of which an endpoint may be given.
        pub const SERVICES: &[&str] = &[$(stringify!($name)),*];

        impl Account {
            $(
                $(#[$doc])*
                pub fn $name(&self) -> &$sdk::Client {
                    self.clients.$name.get_or_init(|| {
                        let mut builder = $sdk::config::Builder::from(&self.config);
                        if let Some(endpoint) = self.settings.endpoint_of(stringify!($name)) {
                            builder = builder.endpoint_url(endpoint);
                        }
                        $sdk::Client::from_conf(fitted::$name(self.is_elsewhere(stringify!($name)), builder).build())
                    })
                }
            )*
        }

        /// What one service's client needs besides.
        mod fitted {
            services!(@fitted $($name: $sdk),*);
        }
    };
    (@fitted s3: $sdk:ident $(, $rest:ident: $other:ident)*) => {
        /// Endpoints of one's own seldom have a domain for each bucket.
        pub fn s3(is_elsewhere: bool, builder: $sdk::config::Builder) -> $sdk::config::Builder {
            builder.force_path_style(is_elsewhere)
        }
        services!(@fitted $($rest: $other),*);
    };
    (@fitted $name:ident: $sdk:ident $(, $rest:ident: $other:ident)*) => {
        pub fn $name(_: bool, builder: $sdk::config::Builder) -> $sdk::config::Builder {
            builder
        }
        services!(@fitted $($rest: $other),*);
    };
    (@fitted) => {};
}

services! {
    /// Certificates.
    acm: aws_sdk_acm,
    /// HTTP and WebSocket APIs.
    apigatewayv2: aws_sdk_apigatewayv2,
    /// Scaling of what others run.
    applicationautoscaling: aws_sdk_applicationautoscaling,
    /// Any kind of resource, generically.
    cloudcontrol: aws_sdk_cloudcontrol,
    /// Metrics, alarms and dashboards.
    cloudwatch: aws_sdk_cloudwatch,
    /// Logs.
    logs: aws_sdk_cloudwatchlogs,
    /// Tables.
    dynamodb: aws_sdk_dynamodb,
    /// Event buses, rules and targets.
    events: aws_sdk_eventbridge,
    /// Roles and policies.
    iam: aws_sdk_iam,
    /// Keys.
    kms: aws_sdk_kms,
    /// Functions.
    lambda: aws_sdk_lambda,
    /// Domain names.
    route53: aws_sdk_route53,
    /// Buckets and objects.
    s3: aws_sdk_s3,
    /// Schedules.
    scheduler: aws_sdk_scheduler,
    /// Secrets.
    secretsmanager: aws_sdk_secretsmanager,
    /// Topics.
    sns: aws_sdk_sns,
    /// Queues.
    sqs: aws_sdk_sqs,
    /// Parameters.
    ssm: aws_sdk_ssm,
    /// Identities.
    sts: aws_sdk_sts,
}
