//! `aws_route53_record`.

use async_trait::async_trait;
use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, ResourceRecordSetFailover,
    ResourceRecordSetRegion, RrType,
};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use super::{bare, spread, written};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted, built};
use crate::fields::Fields;
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::{Seen, Told, filled, object, raised};
use crate::settings::object_type;

/// Source: `RRType` in the Route 53 service model.
const TYPES: &[&str] = &[
    "A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB",
    "TLSA", "TXT",
];

/// What tells records of one name and type apart; each of them needs `set_identifier`.
const ROUTING: [&str; 4] = [
    "weighted_routing_policy",
    "failover_routing_policy",
    "latency_routing_policy",
    "multivalue_answer_routing_policy",
];

/// The kind. siac knows it by `ZONE/NAME/TYPE`, and by `ZONE/NAME/TYPE/SET` where there are several.
pub struct Record;

#[async_trait]
impl Kind for Record {
    fn describe(&self) -> Described {
        Described::new("a record of a zone", RecoveryClass::Put, attributes())
            .imported_by("`ZONE/NAME/TYPE`, and `/SET` where there are several")
            .needs(&["route53:ChangeResourceRecordSets", "route53:GetChange", "route53:ListResourceRecordSets"])
    }

    fn validate(&self, check: &mut Check<'_>) {
        check.exactly_one(&["records", "alias"]);
        if check.has("records") && !check.has("ttl") {
            check.refuse("records need `ttl`", "say for how many seconds they may be kept, for instance 300");
        }
        if check.has("alias") && check.has("ttl") {
            check.refuse("an `alias` has the `ttl` of what it points to", "remove `ttl`");
        }
        let routing = ROUTING.iter().filter(|name| check.has(name)).count();
        if routing > 1 {
            check.refuse("a record has one routing policy", "keep one of them");
        }
        if (routing == 1) != check.has("set_identifier") {
            check.refuse("`set_identifier` and a routing policy belong together", "set both, or neither");
        }
        refuse_quotes(check);
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        let text = |name| task.inputs.text(name);
        let place = format!("{}/{}/{}", text("zone_id")?, text("name")?, text("type")?);
        Some(text("set_identifier").map_or(place.clone(), |set| format!("{place}/{set}")))
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let place = Place::of(remote)?;
        Ok(shown(aws, &place).await?.map(|it| seen(&place, &it)))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let remote = self.remote(task).ok_or_else(|| Fault::rejected("`zone_id`, `name` and `type` are needed"))?;
        let place = Place::of(&remote)?;
        // What stands there was looked at before: a record that came meanwhile is nobody's to write over.
        changed(task.aws, place.zone, ChangeAction::Create, wanted(&place, task.inputs)?).await?;
        Ok(remote)
    }

    async fn change(&self, task: &Task<'_>, remote: &str, _: &Seen) -> Result<(), Fault> {
        let place = Place::of(remote)?;
        Ok(changed(task.aws, place.zone, ChangeAction::Upsert, wanted(&place, task.inputs)?).await?)
    }

    /// A record is deleted only by saying exactly what it is.
    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let place = Place::of(remote)?;
        let Some(now) = shown(aws, &place).await? else { return Ok(()) };
        match changed(aws, place.zone, ChangeAction::Delete, now).await {
            Err(failure) if shown(aws, &place).await?.is_some() => Err(failure.into()),
            _ => Ok(()),
        }
    }
}

fn attributes() -> Vec<(&'static str, Attribute)> {
    let alias = object_type(&[
        ("name", Type::String, true),
        ("zone_id", Type::String, true),
        ("evaluate_target_health", Type::Bool, false),
    ]);
    let text = |description| Attribute::optional(Type::String, description);
    let policy = |field, ty, description| Attribute::optional(object_type(&[(field, ty, true)]), description);
    vec![
        ("zone_id", Attribute::required(Type::String, "the id of the zone").immutable()),
        (
            "name",
            // `DNSName` in the Route 53 service model.
            Attribute::required(Type::String, "the whole name, in lower case, without a dot at its end")
                .immutable()
                .rule(Rule::Length(1, 255))
                .rule(Rule::Matches(
                    r"(\*\.)?[a-z0-9_.-]*[a-z0-9]",
                    "a whole domain name in lower case, without a dot at its end",
                )),
        ),
        ("type", Attribute::required(Type::String, "its type").immutable().rule(Rule::OneOf(TYPES))),
        (
            "ttl",
            // `TTL` in the service model.
            Attribute::optional(Type::Number, "for how many seconds it may be kept")
                .rule(Rule::Between(0, 2_147_483_647)),
        ),
        ("records", Attribute::optional(Type::set(Type::String), "what it says; texts of `TXT` without outer quotes")),
        ("alias", Attribute::optional(alias, "what of AWS it points to: `name`, `zone_id`, `evaluate_target_health`")),
        (
            "set_identifier",
            // `ResourceRecordSetIdentifier` in the service model.
            text("what tells it from others of its name and type").immutable().rule(Rule::Length(1, 128)),
        ),
        ("weighted_routing_policy", policy("weight", Type::Number, "its share: `weight`, 0 to 255")),
        ("failover_routing_policy", policy("type", Type::String, "its part: `type` `PRIMARY` or `SECONDARY`")),
        ("latency_routing_policy", policy("region", Type::String, "the region that it is near to: `region`")),
        ("multivalue_answer_routing_policy", Attribute::optional(Type::Bool, "whether it is one of several answers")),
        ("health_check_id", text("the health check without which it is left out").rule(Rule::Length(1, 64))),
        ("fqdn", Attribute::computed(Type::String, "the whole name").stays()),
    ]
}

/// Where a record stands.
struct Place<'a> {
    zone: &'a str,
    name: &'a str,
    ty: &'a str,
    set: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn of(remote: &'a str) -> Result<Self, Fault> {
        let mut parts = remote.splitn(4, '/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(zone), Some(name), Some(ty), set) => Ok(Self { zone, name, ty, set }),
            _ => Err(Fault::rejected(format!("`{remote}` is not `ZONE/NAME/TYPE` or `ZONE/NAME/TYPE/SET`"))),
        }
    }

    fn is_of(&self, it: &ResourceRecordSet) -> bool {
        written(it.name()) == self.name && it.r#type().as_str() == self.ty && it.set_identifier() == self.set
    }

    /// Whether its values are texts, which DNS writes in quotes.
    fn is_quoted(&self) -> bool {
        ["TXT", "SPF"].contains(&self.ty)
    }
}

fn refuse_quotes(check: &mut Check<'_>) {
    if !check.text("type").is_some_and(|ty| ["TXT", "SPF"].contains(&ty)) {
        return;
    }
    let records = check.get("records").and_then(Partial::as_list).unwrap_or_default();
    let quoted = records.iter().filter_map(Partial::as_str).find(|text| text.starts_with('"'));
    if let Some(text) = quoted.map(str::to_owned) {
        check.refuse(
            format!("the text {text} stands in quotes, which siac adds"),
            "remove the outer ones; `\"\"` inside parts a text of more than 255 letters",
        );
    }
}

async fn shown(aws: &Account, place: &Place<'_>) -> Result<Option<ResourceRecordSet>, Fault> {
    let call = aws.route53().list_resource_record_sets().hosted_zone_id(bare(place.zone)).start_record_name(place.name);
    let call = call.start_record_type(RrType::from(place.ty)).set_start_record_identifier(place.set.map(str::to_owned));
    let answer = call.max_items(1).send().await.of("route53:ListResourceRecordSets");
    let answer = answer.absent_on(&["NoSuchHostedZone"]).or_absent()?;
    Ok(answer.and_then(|answer| answer.resource_record_sets.into_iter().find(|it| place.is_of(it))))
}

fn seen(place: &Place<'_>, it: &ResourceRecordSet) -> Seen {
    let unquoted = |text: &str| match place.is_quoted() {
        true => text.trim_start_matches('"').trim_end_matches('"').to_owned(),
        false => text.to_owned(),
    };
    let records: Vec<String> = it.resource_records().iter().map(|record| unquoted(record.value())).collect();
    let alias = it.alias_target().map(|target| {
        object([
            ("name", written(target.dns_name()).told()),
            ("zone_id", target.hosted_zone_id().told()),
            ("evaluate_target_health", raised(Some(target.evaluate_target_health()))),
        ])
    });
    let one = |name: &str, value: Known| object([(name, value)]);
    Seen::new()
        .input("zone_id", place.zone)
        .input("name", place.name)
        .input("type", place.ty)
        .input("ttl", it.ttl())
        .input("records", if records.is_empty() { Value::Null } else { records.told() })
        .input("alias", alias)
        .input("set_identifier", it.set_identifier())
        .input("weighted_routing_policy", one("weight", it.weight().told()))
        .input("failover_routing_policy", one("type", it.failover().map(ResourceRecordSetFailover::as_str).told()))
        .input("latency_routing_policy", one("region", it.region().map(ResourceRecordSetRegion::as_str).told()))
        .input("multivalue_answer_routing_policy", it.multi_value_answer())
        .input("health_check_id", filled(it.health_check_id()))
        .output("fqdn", place.name)
}

fn wanted(place: &Place<'_>, inputs: Fields<'_>) -> Result<ResourceRecordSet, Fault> {
    let quoted = |text: String| if place.is_quoted() { format!("\"{text}\"") } else { text };
    let records = inputs.texts("records").map(|texts| {
        texts.into_iter().map(|text| built(ResourceRecord::builder().value(quoted(text)).build())).collect()
    });
    let failover = inputs.object("failover_routing_policy").and_then(|policy| policy.text("type"));
    let region = inputs.object("latency_routing_policy").and_then(|policy| policy.text("region"));
    let set = ResourceRecordSet::builder()
        .name(place.name)
        .r#type(RrType::from(place.ty))
        .set_ttl(inputs.int("ttl"))
        .set_resource_records(records.transpose()?)
        .set_alias_target(inputs.object("alias").map(alias).transpose()?)
        .set_set_identifier(place.set.map(str::to_owned))
        .set_weight(inputs.object("weighted_routing_policy").and_then(|policy| policy.int("weight")))
        .set_failover(failover.map(ResourceRecordSetFailover::from))
        .set_region(region.map(ResourceRecordSetRegion::from))
        .set_multi_value_answer(inputs.flag("multivalue_answer_routing_policy"))
        .set_health_check_id(inputs.owned("health_check_id"));
    built(set.build())
}

fn alias(fields: Fields<'_>) -> Result<AliasTarget, Fault> {
    let target = AliasTarget::builder()
        .dns_name(fields.need("name")?)
        .hosted_zone_id(fields.need("zone_id")?)
        .evaluate_target_health(fields.is("evaluate_target_health"));
    built(target.build())
}

/// Makes a change, and waits until every name server knows of it.
async fn changed(aws: &Account, zone: &str, action: ChangeAction, set: ResourceRecordSet) -> Result<(), Failure> {
    let change = built(Change::builder().action(action).resource_record_set(set).build())?;
    let batch = built(ChangeBatch::builder().changes(change).build())?;
    let call = aws.route53().change_resource_record_sets().hosted_zone_id(bare(zone)).change_batch(batch);
    let answer = call.send().await.of("route53:ChangeResourceRecordSets").busy_on(&["PriorRequestNotComplete"])?;
    match answer.change_info() {
        Some(info) => Ok(spread(aws, info.id()).await?),
        None => Ok(()),
    }
}
