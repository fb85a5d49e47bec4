//! `aws_security_group`.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use super::rules::{self, Single, Way};
use crate::account::Account;
use crate::failure::Failure;
use crate::fields::Fields;
use crate::kind::{Check, Described, Kind, Task};
use crate::kinds::cloudcontrol::published::TagPlace;
use crate::kinds::cloudcontrol::requests::{self, Place};
use crate::seen::Seen;

/// What Cloud Control calls it.
const TYPE: &str = "AWS::EC2::SecurityGroup";

/// The kind. AWS knows it by its id.
pub struct SecurityGroup;

#[async_trait]
impl Kind for SecurityGroup {
    fn describe(&self) -> Described {
        let words = || {
            // `CreateSecurityGroup` in the EC2 API reference.
            Rule::Matches(
                r"[a-zA-Z0-9. _:/()#,@\[\]+=&;{}!$*-]*",
                "letters, digits, spaces and `._-:/()#,@[]+=&;{}!$*`",
            )
        };
        let rules = |description| Attribute::optional_computed(rules::block_type(), description);
        let attributes = [
            (
                "name",
                Attribute::optional_computed(Type::String, "its name, unique in the VPC; made when none is given")
                    .immutable()
                    .rule(Rule::Length(1, 255))
                    .rule(words()),
            ),
            (
                "description",
                Attribute::optional(Type::String, "what it is for")
                    .default(Value::string("made by siac"))
                    .immutable()
                    .rule(Rule::Length(1, 255))
                    .rule(words()),
            ),
            ("vpc_id", Attribute::optional_computed(Type::String, "the VPC; otherwise the default one").immutable()),
            ("ingress", rules("what may come in; `[]` is nothing")),
            ("egress", rules("what may go out; `[]` is nothing, and without it everything may")),
            ("arn", Attribute::computed(Type::String, "its ARN").stays()),
            ("owner_id", Attribute::computed(Type::String, "the account that it belongs to").stays()),
        ];
        Described::new("what may reach members of a network, and what they may reach", RecoveryClass::Token, attributes)
            .named("name", 255)
            .tagged()
            .settles(Duration::from_secs(10), Duration::from_secs(900))
            .imported_by("its id")
            .needs(&[
                "cloudformation:CreateResource",
                "cloudformation:DeleteResource",
                "cloudformation:GetResource",
                "cloudformation:GetResourceRequestStatus",
                "cloudformation:ListResources",
                "cloudformation:UpdateResource",
                "ec2:AuthorizeSecurityGroupEgress",
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:CreateSecurityGroup",
                "ec2:CreateTags",
                "ec2:DeleteSecurityGroup",
                "ec2:DeleteTags",
                "ec2:DescribeSecurityGroups",
                "ec2:RevokeSecurityGroupEgress",
                "ec2:RevokeSecurityGroupIngress",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        if check.text("name").is_some_and(|name| name.starts_with("sg-")) {
            check.refuse("a name of a security group cannot begin with `sg-`", "choose another name");
        }
        for name in ["ingress", "egress"] {
            let blocks = check.get(name).and_then(Partial::as_list).unwrap_or_default();
            let peers = ["cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups", "self"];
            let is_idle = |block: &Partial| {
                block.as_map().is_some_and(|map| peers.iter().all(|peer| map.get(*peer).is_none_or(Value::is_null)))
            };
            if blocks.iter().any(is_idle) {
                check.refuse(
                    format!("a block of `{name}` names no peer"),
                    "set `cidr_blocks`, `security_groups` or `self`",
                );
            }
        }
    }

    /// What carries the mark of the call. Asked for only when the call cannot be repeated as it was.
    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let mut found = Vec::new();
        for (id, _) in requests::listed(task.aws, TYPE).await? {
            let group = requests::shown(task.aws, place(&id)).await?.unwrap_or_default();
            let is_ours = |(key, value): &(String, String)| key == "siac-op" && *value == task.token();
            found.extend(tags().read(&group).iter().any(is_ours).then_some(id));
        }
        Ok(found)
    }

    async fn look(&self, aws: &Account, remote: &str, remembered: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let Some(group) = requests::shown(aws, place(remote)).await? else { return Ok(None) };
        let text = |name: &str| group.get(name).and_then(Json::as_str);
        let seen = Seen::new()
            .input("name", text("GroupName"))
            .input("description", text("GroupDescription"))
            .input("vpc_id", text("VpcId"))
            .input("ingress", blocks(Way::In, remote, &group, remembered))
            .input("egress", blocks(Way::Out, remote, &group, remembered))
            .output("arn", aws.arn("ec2", &format!("security-group/{remote}")))
            .output("owner_id", aws.id.as_str())
            .tags(tags().read(&group));
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let inputs = task.inputs;
        let mut body = Map::new();
        for (name, property) in [("name", "GroupName"), ("description", "GroupDescription"), ("vpc_id", "VpcId")] {
            body.extend(inputs.owned(name).map(|text| (property.to_owned(), Json::String(text))));
        }
        for way in [Way::In, Way::Out] {
            // A rule about the group itself has to wait until it has an id.
            let rules = wanted(way, inputs, None);
            body.extend(rules.map(|rules| (way.property().to_owned(), rules::written(way, &rules))));
        }
        body.insert(tags().property, tags().written(task.tags()));
        requests::create(task, TYPE, None, &body).await
    }

    async fn resumed(&self, task: &Task<'_>, saved: &str) -> Result<String, Failure> {
        if !requests::is_request(saved) {
            return Ok(saved.to_owned());
        }
        match requests::resumed(task, saved).await? {
            Some(id) => Ok(id),
            None => self.make(task).await,
        }
    }

    async fn settle(&self, task: &Task<'_>, remote: &str) -> Result<(), Fault> {
        let Some(group) = requests::shown(task.aws, place(remote)).await? else { return Ok(()) };
        let mut steps = Vec::new();
        for way in [Way::In, Way::Out] {
            let rules = wanted(way, task.inputs, Some(remote));
            if let Some(rules) = rules.filter(|rules| *rules != rules::shown(way, &group)) {
                let path = format!("/{}", way.property());
                steps.push(json!({ "op": "add", "path": path, "value": rules::written(way, &rules) }));
            }
        }
        requests::update(task, place(remote), steps).await
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let retagging = task.retagging(seen);
        if retagging.is_empty() {
            return Ok(());
        }
        let mut all = seen.tags.clone().unwrap_or_default();
        all.retain(|key, _| !key.starts_with("aws:") && !retagging.removed.contains(key));
        all.extend(retagging.set);
        let step = json!({ "op": "add", "path": "/Tags", "value": tags().written(all) });
        requests::update(task, place(remote), vec![step]).await
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        requests::delete(aws, place(remote)).await
    }
}

fn place(id: &str) -> Place<'_> {
    Place { ty: TYPE, id, role: None }
}

fn tags() -> TagPlace {
    TagPlace { property: "Tags".to_owned(), is_list: true }
}

/// The rules that are wanted; `None` when that is left open.
fn wanted(way: Way, inputs: Fields<'_>, own: Option<&str>) -> Option<BTreeSet<Single>> {
    inputs.get(way.attribute())?;
    Some(rules::of_blocks(&inputs.objects(way.attribute()), own))
}

/// The rules as blocks: as they are remembered, when those mean the same.
fn blocks(way: Way, own: &str, group: &Map<String, Json>, remembered: Option<&Object>) -> Known {
    let now = rules::shown(way, group);
    let before = remembered.and_then(|object| object.inputs.get(way.attribute())?.close());
    let list = before.as_ref().and_then(Known::as_list).unwrap_or_default();
    let means = rules::of_blocks(&list.iter().map(Fields).collect::<Vec<_>>(), Some(own));
    match before {
        Some(before) if means == now => before,
        _ => rules::blocks(&now, own),
    }
}
