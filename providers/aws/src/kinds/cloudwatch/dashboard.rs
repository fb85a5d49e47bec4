//! `aws_cloudwatch_dashboard`.

use async_trait::async_trait;
use siac_core::model::schema::{Attribute, Normalisation, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::Seen;

/// Codes of dashboards that are not there: that of the error's shape, and that of the older protocol, which the answer names, too.
const ABSENT: [&str; 2] = ["DashboardNotFoundError", "ResourceNotFound"];

/// The kind.
pub struct Dashboard;

#[async_trait]
impl Kind for Dashboard {
    fn describe(&self) -> Described {
        let attributes = [
            (
                "dashboard_name",
                // `PutDashboard` in the CloudWatch API reference.
                Attribute::optional_computed(Type::String, "its name, unique in the account; made when none is given")
                    .immutable()
                    .rule(Rule::Length(1, 255))
                    .rule(Rule::Matches("[A-Za-z0-9_-]+", "letters, digits, `-` and `_`")),
            ),
            (
                "dashboard_body",
                Attribute::required(Type::String, "its widgets: a JSON document").normalised(Normalisation::Json),
            ),
            ("dashboard_arn", Attribute::computed(Type::String, "its ARN").stays()),
        ];
        Described::new("a dashboard", RecoveryClass::Put, attributes).named("dashboard_name", 255).needs(&[
            "cloudwatch:DeleteDashboards",
            "cloudwatch:GetDashboard",
            "cloudwatch:PutDashboard",
        ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        check.json("dashboard_body");
        // 500 widgets: "Dashboard body structure and syntax" in the CloudWatch API reference.
        let document =
            check.text("dashboard_body").and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
        let widgets = document.as_ref().and_then(|it| it["widgets"].as_array()).map_or(0, Vec::len);
        if widgets > 500 {
            check.refuse(format!("a dashboard of {widgets} widgets is too large: 500 is the most"), "split it");
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("dashboard_name")
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let answer = aws.cloudwatch().get_dashboard().dashboard_name(remote).send().await;
        let answer = answer.of("cloudwatch:GetDashboard").absent_on(&ABSENT).or_absent()?;
        let seen = |answer: aws_sdk_cloudwatch::operation::get_dashboard::GetDashboardOutput| {
            Seen::new()
                .input("dashboard_name", remote)
                .input("dashboard_body", answer.dashboard_body())
                .output("dashboard_arn", answer.dashboard_arn())
        };
        Ok(answer.map(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let name = task.inputs.need("dashboard_name")?;
        let call = task.aws.cloudwatch().put_dashboard().dashboard_name(name);
        let call = call.dashboard_body(task.inputs.need("dashboard_body")?);
        call.send().await.of("cloudwatch:PutDashboard")?;
        Ok(name.to_owned())
    }

    async fn change(&self, task: &Task<'_>, _: &str, _: &Seen) -> Result<(), Fault> {
        Ok(self.make(task).await.map(drop)?)
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let call = aws.cloudwatch().delete_dashboards().dashboard_names(remote);
        call.send().await.of("cloudwatch:DeleteDashboards").absent_on(&ABSENT).or_gone()
    }
}
