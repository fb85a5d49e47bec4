//! `data.aws_vpc`, `data.aws_subnet` and `data.aws_subnets`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::{Map, Value as Json};
use siac_core::model::schema::Attribute;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;

use crate::account::Account;
use crate::fields::Fields;
use crate::kind::{Data, Described};
use crate::kinds::cloudcontrol::from_json;
use crate::kinds::cloudcontrol::published::TagPlace;
use crate::kinds::cloudcontrol::requests::{self, Place};
use crate::seen::Told;

const VPC: &str = "AWS::EC2::VPC";
const SUBNET: &str = "AWS::EC2::Subnet";

/// What everything here needs: Cloud Control reads as siac.
const PERMISSIONS: &[&str] = &[
    "cloudformation:GetResource",
    "cloudformation:ListResources",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcs",
];

/// Attributes by which a VPC is looked for, and what Cloud Control calls them.
const OF_VPC: &[(&str, &str)] = &[("cidr_block", "CidrBlock")];

/// Attributes by which a subnet is looked for, and what Cloud Control calls them.
const OF_SUBNET: &[(&str, &str)] =
    &[("vpc_id", "VpcId"), ("cidr_block", "CidrBlock"), ("availability_zone", "AvailabilityZone")];

/// A VPC.
pub struct Vpc;

#[async_trait]
impl Data for Vpc {
    fn describe(&self) -> Described {
        let attributes = [
            ("id", Attribute::optional_computed(Type::String, "its id; otherwise it is looked for")),
            ("cidr_block", Attribute::optional_computed(Type::String, "its addresses")),
            ("tags", tags_attribute()),
            ("arn", Attribute::computed(Type::String, "its ARN")),
            ("enable_dns_hostnames", Attribute::computed(Type::Bool, "whether members have DNS names")),
            ("enable_dns_support", Attribute::computed(Type::Bool, "whether it resolves DNS names")),
            ("instance_tenancy", Attribute::computed(Type::String, "whose hardware members run on")),
            (
                "default_security_group_id",
                Attribute::computed(Type::String, "the security group of members without one"),
            ),
        ];
        Described::data("a VPC", attributes, PERMISSIONS)
    }

    async fn read(&self, aws: &Account, inputs: Fields<'_>) -> Result<Known, Fault> {
        let (id, it) = the_one(VPC, matching(aws, VPC, inputs, OF_VPC).await?)?;
        let told = |name: &str| it.get(name).map_or(Value::Null, from_json);
        Ok(Value::map([
            ("id", id.as_str().told()),
            ("cidr_block", told("CidrBlock")),
            ("tags", tags(&it)),
            ("arn", aws.arn("ec2", &format!("vpc/{id}")).told()),
            ("enable_dns_hostnames", told("EnableDnsHostnames")),
            ("enable_dns_support", told("EnableDnsSupport")),
            ("instance_tenancy", told("InstanceTenancy")),
            ("default_security_group_id", told("DefaultSecurityGroup")),
        ]))
    }
}

/// A subnet.
pub struct Subnet;

#[async_trait]
impl Data for Subnet {
    fn describe(&self) -> Described {
        let attributes = [
            ("id", Attribute::optional_computed(Type::String, "its id; otherwise it is looked for")),
            ("vpc_id", Attribute::optional_computed(Type::String, "the VPC that it is a part of")),
            ("cidr_block", Attribute::optional_computed(Type::String, "its addresses")),
            ("availability_zone", Attribute::optional_computed(Type::String, "where it lies")),
            ("tags", tags_attribute()),
            ("arn", Attribute::computed(Type::String, "its ARN")),
            ("map_public_ip_on_launch", Attribute::computed(Type::Bool, "whether members have public addresses")),
        ];
        Described::data("a subnet", attributes, PERMISSIONS)
    }

    async fn read(&self, aws: &Account, inputs: Fields<'_>) -> Result<Known, Fault> {
        let (id, it) = the_one(SUBNET, matching(aws, SUBNET, inputs, OF_SUBNET).await?)?;
        let told = |name: &str| it.get(name).map_or(Value::Null, from_json);
        Ok(Value::map([
            ("id", id.as_str().told()),
            ("vpc_id", told("VpcId")),
            ("cidr_block", told("CidrBlock")),
            ("availability_zone", told("AvailabilityZone")),
            ("tags", tags(&it)),
            ("arn", aws.arn("ec2", &format!("subnet/{id}")).told()),
            ("map_public_ip_on_launch", told("MapPublicIpOnLaunch")),
        ]))
    }
}

/// All subnets of a kind.
pub struct Subnets;

#[async_trait]
impl Data for Subnets {
    fn describe(&self) -> Described {
        let attributes = [
            ("vpc_id", Attribute::optional(Type::String, "the VPC that they are a part of")),
            ("availability_zone", Attribute::optional(Type::String, "where they lie")),
            ("tags", Attribute::optional(Type::map(Type::String), "tags that they have")),
            ("ids", Attribute::computed(Type::list(Type::String), "their ids, sorted")),
        ];
        Described::data("the subnets that there are", attributes, PERMISSIONS)
    }

    async fn read(&self, aws: &Account, inputs: Fields<'_>) -> Result<Known, Fault> {
        let mut ids: Vec<String> =
            matching(aws, SUBNET, inputs, OF_SUBNET).await?.into_iter().map(|(id, _)| id).collect();
        ids.sort();
        Ok(Value::map([("id", aws.region.as_str().told()), ("ids", ids.told())]))
    }
}

fn tags_attribute() -> Attribute {
    Attribute::optional_computed(Type::map(Type::String), "its tags; those that are set here it must have")
}

fn place_of_tags() -> TagPlace {
    TagPlace { property: "Tags".to_owned(), is_list: true }
}

fn tags(it: &Map<String, Json>) -> Known {
    place_of_tags().read(it).into_iter().collect::<BTreeMap<_, _>>().told()
}

/// What has the id, or whatever has all that is asked for.
async fn matching(
    aws: &Account,
    ty: &str,
    inputs: Fields<'_>,
    by: &[(&str, &str)],
) -> Result<Vec<(String, Map<String, Json>)>, Fault> {
    let ids = match inputs.owned("id") {
        Some(id) => vec![id],
        None => requests::listed(aws, ty).await?.into_iter().map(|(id, _)| id).collect(),
    };
    let mut found = Vec::new();
    for id in ids {
        // Lists show no more than what identifies a resource.
        let Some(it) = requests::shown(aws, Place { ty, id: &id, role: None }).await? else { continue };
        if has(&it, inputs, by) {
            found.push((id, it));
        }
    }
    Ok(found)
}

fn has(it: &Map<String, Json>, inputs: Fields<'_>, by: &[(&str, &str)]) -> bool {
    let is = |(name, property): &(&str, &str)| {
        inputs.text(name).is_none_or(|wanted| it.get(*property).and_then(Json::as_str) == Some(wanted))
    };
    let tags: BTreeMap<String, String> = place_of_tags().read(it).into_iter().collect();
    let wanted = inputs.map("tags").unwrap_or_default();
    by.iter().all(is) && wanted.iter().all(|(key, value)| tags.get(key) == Some(value))
}

fn the_one(ty: &str, mut found: Vec<(String, Map<String, Json>)>) -> Result<(String, Map<String, Json>), Fault> {
    match (found.len(), found.pop()) {
        (1, Some(one)) => Ok(one),
        (0, _) => Err(Fault::rejected(format!("no {ty} has all that is asked for; check its id and tags"))),
        (many, _) => {
            Err(Fault::rejected(format!("{many} of {ty} have all that is asked for; ask for one by `id` or `tags`")))
        }
    }
}
