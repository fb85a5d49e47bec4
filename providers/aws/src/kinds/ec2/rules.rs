//! Rules of security groups: written in blocks of several sources, kept by AWS one by one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};

use crate::fields::Fields;
use crate::seen::{Told, object};
use crate::settings::object_type;

/// One rule: a protocol, its ports, and one source or destination.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Single {
    ports: Ports,
    /// Which attribute of a block the peer stands in.
    peer: &'static str,
    value: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Ports {
    protocol: String,
    from: i64,
    to: i64,
    description: Option<String>,
}

/// Which way traffic goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the members.
    In,
    /// From the members.
    Out,
}

impl Way {
    /// What Cloud Control calls its rules.
    pub fn property(self) -> &'static str {
        if self == Self::In { "SecurityGroupIngress" } else { "SecurityGroupEgress" }
    }

    /// What stacks call its rules.
    pub fn attribute(self) -> &'static str {
        if self == Self::In { "ingress" } else { "egress" }
    }

    /// What Cloud Control calls each attribute of a block that names peers.
    fn peers(self) -> [(&'static str, &'static str); 4] {
        let side = |inward, outward| if self == Self::In { inward } else { outward };
        [
            ("cidr_blocks", "CidrIp"),
            ("ipv6_cidr_blocks", "CidrIpv6"),
            ("prefix_list_ids", side("SourcePrefixListId", "DestinationPrefixListId")),
            ("security_groups", side("SourceSecurityGroupId", "DestinationSecurityGroupId")),
        ]
    }
}

/// A block of rules.
pub fn block_type() -> Type {
    let texts = || Type::set(Type::String);
    Type::set(object_type(&[
        ("protocol", Type::String, true),
        ("from_port", Type::Number, true),
        ("to_port", Type::Number, true),
        ("cidr_blocks", texts(), false),
        ("ipv6_cidr_blocks", texts(), false),
        ("prefix_list_ids", texts(), false),
        ("security_groups", texts(), false),
        ("self", Type::Bool, false),
        ("description", Type::String, false),
    ]))
}

/// The rules that blocks mean. `own` is the group's id, once it has one: until then rules about itself are left out.
pub fn of_blocks(blocks: &[Fields<'_>], own: Option<&str>) -> BTreeSet<Single> {
    let mut found = BTreeSet::new();
    for block in blocks {
        let protocol = protocol(block.text("protocol").unwrap_or("-1"));
        let (from, to) = (block.int("from_port").unwrap_or(0), block.int("to_port").unwrap_or(0));
        let ports = Ports::of(protocol, from, to, block.owned("description"));
        let mut add = |peer, value: String| found.insert(Single { ports: ports.clone(), peer, value });
        for (peer, _) in Way::In.peers() {
            for value in block.texts(peer).unwrap_or_default() {
                add(peer, value);
            }
        }
        if let (true, Some(own)) = (block.is("self"), own) {
            add("security_groups", own.to_owned());
        }
    }
    found
}

/// The rules that Cloud Control shows.
pub fn shown(way: Way, group: &Map<String, Json>) -> BTreeSet<Single> {
    let list = group.get(way.property()).and_then(Json::as_array);
    let single = |rule: &Json| {
        let number = |name: &str| rule[name].as_i64().or_else(|| rule[name].as_str()?.parse().ok()).unwrap_or(0);
        let protocol = protocol(rule["IpProtocol"].as_str().unwrap_or("-1"));
        let description = rule["Description"].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let (peer, value) = way.peers().into_iter().find_map(|(peer, name)| Some((peer, rule[name].as_str()?)))?;
        let ports = Ports::of(protocol, number("FromPort"), number("ToPort"), description);
        Some(Single { ports, peer, value: value.to_owned() })
    };
    list.into_iter().flatten().filter_map(single).collect()
}

/// Rules as Cloud Control takes them.
pub fn written(way: Way, rules: &BTreeSet<Single>) -> Json {
    let name =
        |peer: &str| way.peers().into_iter().find(|(other, _)| *other == peer).map_or("CidrIp", |(_, name)| name);
    let one = |rule: &Single| {
        let mut json = json!({ "IpProtocol": rule.ports.protocol, (name(rule.peer)): rule.value });
        if rule.ports.has_ports() {
            json["FromPort"] = json!(rule.ports.from);
            json["ToPort"] = json!(rule.ports.to);
        }
        if let Some(description) = &rule.ports.description {
            json["Description"] = json!(description);
        }
        json
    };
    rules.iter().map(one).collect()
}

/// Rules as blocks: one for all of the same ports and description.
pub fn blocks(rules: &BTreeSet<Single>, own: &str) -> Known {
    let mut by_ports: BTreeMap<&Ports, BTreeMap<&str, Vec<Known>>> = BTreeMap::new();
    for rule in rules {
        let block = by_ports.entry(&rule.ports).or_default();
        match rule.peer {
            "security_groups" if rule.value == own => block.insert("self", vec![Value::Bool(true)]).map_or((), drop),
            peer => block.entry(peer).or_default().push(Value::string(&rule.value)),
        }
    }
    let block = |(ports, peers): (&Ports, BTreeMap<&str, Vec<Known>>)| {
        let list = |name: &str| peers.get(name).cloned().map_or(Value::Null, Value::List);
        object([
            ("protocol", ports.protocol.as_str().told()),
            ("from_port", ports.from.told()),
            ("to_port", ports.to.told()),
            ("cidr_blocks", list("cidr_blocks")),
            ("ipv6_cidr_blocks", list("ipv6_cidr_blocks")),
            ("prefix_list_ids", list("prefix_list_ids")),
            ("security_groups", list("security_groups")),
            ("self", if peers.contains_key("self") { Value::Bool(true) } else { Value::Null }),
            ("description", ports.description.as_deref().told()),
        ])
    };
    Value::List(by_ports.into_iter().map(block).collect())
}

impl Ports {
    fn of(protocol: String, from: i64, to: i64, description: Option<String>) -> Self {
        let ports = Self { protocol, from, to, description };
        if ports.has_ports() { ports } else { Self { from: 0, to: 0, ..ports } }
    }

    /// Whether its protocol has ports. Source: `propertyTransform` of the published schema of `AWS::EC2::SecurityGroup`.
    fn has_ports(&self) -> bool {
        ["tcp", "udp", "icmp", "icmpv6"].contains(&self.protocol.as_str())
    }
}

/// The one writing of a protocol. Source: as above.
fn protocol(text: &str) -> String {
    match text.to_lowercase().as_str() {
        "1" => "icmp",
        "6" => "tcp",
        "17" => "udp",
        "58" => "icmpv6",
        "all" => "-1",
        other => return other.to_owned(),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_single_rules_mean_the_same() {
        let block = |cidrs: &[&str]| {
            let cidrs = Value::List(cidrs.iter().map(|text| Value::string(*text)).collect());
            object([
                ("protocol", Value::string("6")),
                ("from_port", 443_i64.told()),
                ("to_port", 443_i64.told()),
                ("cidr_blocks", cidrs),
                ("self", Value::Bool(true)),
            ])
        };
        let (one, two) = (block(&["10.0.0.0/8"]), block(&["10.0.0.0/8", "192.168.0.0/16"]));
        let rules = of_blocks(&[Fields(&one), Fields(&two)], Some("sg-1"));
        assert_eq!(rules.len(), 3);
        let group = Map::from_iter([("SecurityGroupIngress".to_owned(), written(Way::In, &rules))]);
        assert_eq!(shown(Way::In, &group), rules);
        let told = blocks(&rules, "sg-1");
        let told: Vec<Fields<'_>> = told.as_list().unwrap().iter().map(Fields).collect();
        assert_eq!((told.len(), told[0].is("self")), (1, true));
        assert_eq!(of_blocks(&told, Some("sg-1")), rules);
    }

    #[test]
    fn every_protocol_has_no_ports() {
        let shows = json!([{ "IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "CidrIp": "0.0.0.0/0" }]);
        let group = Map::from_iter([("SecurityGroupEgress".to_owned(), shows)]);
        let block = object([
            ("protocol", Value::string("-1")),
            ("from_port", 0_i64.told()),
            ("to_port", 0_i64.told()),
            ("cidr_blocks", Value::List(vec![Value::string("0.0.0.0/0")])),
        ]);
        assert_eq!(shown(Way::Out, &group), of_blocks(&[Fields(&block)], None));
    }
}
