//! `aws_route53_zone`.

use async_trait::async_trait;
use aws_sdk_route53::operation::get_hosted_zone::GetHostedZoneOutput;
use aws_sdk_route53::types::{HostedZoneConfig, Tag, TagResourceType};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::ports::Fault;

use super::{bare, spread, written};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Described, Kind, Task};
use crate::marks::Tags;
use crate::seen::{Seen, Told, filled};

/// The kind: a public zone. AWS knows it by its id.
pub struct Zone;

#[async_trait]
impl Kind for Zone {
    fn describe(&self) -> Described {
        let attributes = [
            (
                "name",
                // `DNSName` in the Route 53 service model.
                Attribute::required(Type::String, "the domain, in lower case, without a dot at its end")
                    .immutable()
                    .rule(Rule::Length(1, 255))
                    .rule(Rule::Matches(
                        "[a-z0-9_.-]*[a-z0-9]",
                        "a domain name in lower case, without a dot at its end",
                    )),
            ),
            // `ResourceDescription` in the service model.
            ("comment", Attribute::optional(Type::String, "what it is for").rule(Rule::Length(0, 256))),
            ("zone_id", Attribute::computed(Type::String, "its id").stays()),
            ("arn", Attribute::computed(Type::String, "its ARN").stays()),
            (
                "name_servers",
                Attribute::computed(
                    Type::list(Type::String),
                    "the name servers to name where the domain is registered",
                )
                .stays(),
            ),
        ];
        // The reference that the call carries makes the zone once; the zone cannot be marked before it is there.
        let described = Described::new("a public zone of domain names", RecoveryClass::Token, attributes).tagged();
        described
            .settles(std::time::Duration::from_secs(5), std::time::Duration::from_secs(300))
            .imported_by("its id")
            .needs(&[
                "route53:ChangeTagsForResource",
                "route53:CreateHostedZone",
                "route53:DeleteHostedZone",
                "route53:GetChange",
                "route53:GetHostedZone",
                "route53:ListHostedZones",
                "route53:ListTagsForResource",
                "route53:UpdateHostedZoneComment",
            ])
    }

    /// The zone that the call's reference names.
    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let mut next = None;
        loop {
            let page = task.aws.route53().list_hosted_zones().max_items(100).set_marker(next).send().await;
            let page = page.of("route53:ListHostedZones")?;
            let ours = page.hosted_zones().iter().find(|zone| zone.caller_reference() == task.token());
            if let Some(zone) = ours {
                return Ok(vec![bare(zone.id()).to_owned()]);
            }
            next = page.next_marker.filter(|_| page.is_truncated);
            if next.is_none() {
                return Ok(Vec::new());
            }
        }
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let Some(it) = shown(aws, remote).await? else { return Ok(None) };
        let Some(tags) = tags_of(aws, remote).await? else { return Ok(None) };
        let zone = it.hosted_zone();
        let servers = it.delegation_set().map(|set| set.name_servers().to_vec());
        let seen = Seen::new()
            .input("name", zone.map(|zone| written(zone.name())))
            .input("comment", filled(zone.and_then(|zone| zone.config()).and_then(|config| config.comment())))
            .output("zone_id", remote)
            .output("arn", format!("arn:{}:route53:::hostedzone/{remote}", aws.partition()))
            .output("name_servers", servers.told())
            .tags(tags);
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let call = task.aws.route53().create_hosted_zone().name(task.inputs.need("name")?);
        let comment = task.inputs.owned("comment");
        let config = HostedZoneConfig::builder().set_comment(comment).build();
        let call = call.caller_reference(task.token()).hosted_zone_config(config);
        let made = match call.send().await.of("route53:CreateHostedZone") {
            Err(failure) if failure.code() == "HostedZoneAlreadyExists" => self.candidates(task).await?.pop(),
            answer => answer?.hosted_zone().map(|zone| bare(zone.id()).to_owned()),
        };
        Ok(made.ok_or_else(|| Fault::ambiguous("`route53:CreateHostedZone` was answered without a zone"))?)
    }

    async fn settle(&self, task: &Task<'_>, remote: &str) -> Result<(), Fault> {
        let tags = tags_of(task.aws, remote).await?.unwrap_or_default();
        retag(task, remote, &Seen::new().tags(tags)).await
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        if task.differing(seen).any(&["comment"]) {
            let call = task.aws.route53().update_hosted_zone_comment().id(remote);
            let call = call.comment(task.inputs.text("comment").unwrap_or_default());
            call.send().await.of("route53:UpdateHostedZoneComment")?;
        }
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let answer = aws.route53().delete_hosted_zone().id(remote).send().await.of("route53:DeleteHostedZone");
        let answer = match answer {
            Err(failure) if failure.code() == "HostedZoneNotEmpty" => {
                return Err(Fault::rejected(format!(
                    "the zone `{remote}` still has records that siac did not make; delete them first"
                )));
            }
            answer => answer.absent_on(&["NoSuchHostedZone"]).or_absent()?,
        };
        match answer.and_then(|answer| answer.change_info) {
            Some(change) => spread(aws, change.id()).await,
            None => Ok(()),
        }
    }
}

async fn shown(aws: &Account, id: &str) -> Result<Option<GetHostedZoneOutput>, Fault> {
    let answer = aws.route53().get_hosted_zone().id(id).send().await.of("route53:GetHostedZone");
    answer.absent_on(&["NoSuchHostedZone"]).or_absent()
}

async fn tags_of(aws: &Account, id: &str) -> Result<Option<Tags>, Fault> {
    let call = aws.route53().list_tags_for_resource().resource_type(TagResourceType::Hostedzone).resource_id(id);
    let answer = call.send().await.of("route53:ListTagsForResource").absent_on(&["NoSuchHostedZone"]).or_absent()?;
    let tags = answer.and_then(|answer| answer.resource_tag_set).and_then(|set| set.tags).unwrap_or_default();
    Ok(Some(tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect()))
}

async fn retag(task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
    let retagging = task.retagging(seen);
    let set: Vec<(String, String)> = retagging.set.into_iter().collect();
    // `TagList` and `TagKeyList` in the service model: ten each.
    for part in set.chunks(10) {
        let tags = part.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let call = task.aws.route53().change_tags_for_resource().resource_type(TagResourceType::Hostedzone);
        call.resource_id(remote).set_add_tags(Some(tags)).send().await.of("route53:ChangeTagsForResource")?;
    }
    for part in retagging.removed.chunks(10) {
        let call = task.aws.route53().change_tags_for_resource().resource_type(TagResourceType::Hostedzone);
        let call = call.resource_id(remote).set_remove_tag_keys(Some(part.to_vec()));
        call.send().await.of("route53:ChangeTagsForResource")?;
    }
    Ok(())
}
