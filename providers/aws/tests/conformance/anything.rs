//! Any type through Cloud Control: its schema, its requests, and networks that are only looked at.

use siac_core::model::snapshot::Status;
use siac_core::model::value::Value;

use crate::house::{Goal, House, Report};

/// A type that no table knows, as its owner would publish it.
const SCHEMA: &str = r#"{"typeName": "Example::Pets::Cat", "properties": {"Name": {"type": "string"}, "Age": {"type": "integer"}, "Chip": {"type": "string"}},
"createOnlyProperties": ["/properties/Name"], "writeOnlyProperties": ["/properties/Chip"], "primaryIdentifier": ["/properties/Name"]}"#;

fn cat(rest: &str) -> String {
    format!("[resource.aws_resource.cat]\ntype_name = \"Example::Pets::Cat\"\nschema = '''{SCHEMA}'''\n{rest}\n")
}

#[track_caller]
fn complete(report: Result<Report, String>) -> Report {
    let report = report.unwrap();
    assert_eq!(report.status, Some(Status::Complete), "{:?}", report.failures);
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_type_of_ones_own_comes_with_its_schema() {
    let house = House::new().await;
    let one = cat("desired_state = { Name = \"tom\", Age = 3 }");
    complete(house.run(Goal::Stack(&one)).await);
    assert!(house.plan(&one).await.unwrap().actions.is_empty(), "a second plan is empty");
    let older = cat("desired_state = { Name = \"tom\", Age = 4 }");
    let planned = house.plan(&older).await.unwrap();
    assert!(planned.changes[0].contains(" Update "), "{:?}", planned.changes);
    let another = cat("desired_state = { Name = \"kitty\", Age = 4 }");
    let planned = house.plan(&another).await.unwrap();
    assert!(planned.changes[0].contains(" ReplaceDestroyFirst "), "what is fixed is fixed: {:?}", planned.changes);
    complete(house.run(Goal::Nothing).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_schema_forbids_is_told_while_planning() {
    let house = House::new().await;
    let plain = |ty: &str, rest: &str| format!("[resource.aws_resource.it]\ntype_name = \"{ty}\"\n{rest}\n");
    let cases = [
        (
            plain("Example::Pets::Cat", "desired_state = { Name = \"tom\" }"),
            "siac does not know the schema of `Example::Pets::Cat`",
        ),
        (cat("desired_state = { Name = \"tom\", Chip = \"x\" }"), "AWS never shows `Chip`"),
        (cat("desired_state = { Name = \"tom\" }\nwrite_only_state = { Age = 1 }"), "AWS shows `Age`"),
        (cat("desired_state = { Name = \"tom\" }\ntags = { a = \"b\" }"), "the type takes no tags"),
        (plain("AWS::SQS::Queue", "desired_state = { Arn = \"x\" }"), "AWS alone decides `Arn`"),
        (plain("AWS::SQS::Queue", "desired_state = { Tags = [] }"), "`Tags` stands in `desired_state`"),
    ];
    for (stack, why) in cases {
        let refused = house.plan(&stack).await.unwrap_err();
        assert!(refused.contains(why), "{refused}");
        assert!(refused.contains("refused-by-aws"), "{refused}");
    }
    assert_eq!(house.emulator.proxy().count("cloudcontrol."), 0, "nobody was asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_fails_says_why() {
    let house = House::new().await;
    let theirs = r#"{"TypeName": "AWS::RDS::DBInstance", "DesiredState": "{\"DBInstanceIdentifier\": \"taken\"}"}"#;
    house.meddle("cloudcontrol", "create_resource", theirs);
    let taken = "[resource.aws_resource.it]\ntype_name = \"AWS::RDS::DBInstance\"\ndesired_state = { DBInstanceIdentifier = \"taken\" }\n";
    let report = house.run(Goal::Stack(taken)).await.unwrap();
    let why = report.failures.join("\n");
    assert_ne!(report.status, Some(Status::Complete));
    assert!(why.contains("taken already exists") && why.contains("[[import]] to = \"aws_resource.it\""), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn networks_are_found_by_what_they_are() {
    let house = House::new().await;
    for (block, team) in [("10.0.0.0/16", "a"), ("10.1.0.0/16", "b")] {
        let vpc = format!(
            r#"{{"TypeName": "AWS::EC2::VPC", "DesiredState": "{{\"CidrBlock\": \"{block}\", \"EnableDnsSupport\": true, \"Tags\": [{{\"Key\": \"team\", \"Value\": \"{team}\"}}]}}"}}"#
        );
        house.meddle("cloudcontrol", "create_resource", &vpc);
    }
    for zone in ["us-east-1a", "us-east-1b"] {
        let subnet = format!(
            r#"{{"TypeName": "AWS::EC2::Subnet", "DesiredState": "{{\"CidrBlock\": \"10.1.0.0/24\", \"VpcId\": \"vpc-1\", \"AvailabilityZone\": \"{zone}\"}}"}}"#
        );
        house.meddle("cloudcontrol", "create_resource", &subnet);
    }
    let stack = r#"
        [data.aws_vpc.it]
        tags = { team = "b" }

        [data.aws_subnet.it]
        vpc_id = "vpc-1"
        availability_zone = "us-east-1b"

        [data.aws_subnets.it]
        vpc_id = "vpc-1"

        [resource.aws_cloudwatch_log_group.it]
        name = '${data.aws_vpc.it.cidr_block == "10.1.0.0/16" && data.aws_vpc.it.enable_dns_support ? "found" : "other"}'
        tags = { zone = "${data.aws_subnet.it.availability_zone}", subnets = "${length(data.aws_subnets.it.ids)}" }
    "#;
    let report = complete(house.run(Goal::Stack(stack)).await);
    let group = report.snapshot.object(&"aws_cloudwatch_log_group.it".parse().unwrap()).unwrap().clone();
    assert_eq!(group.remote, "found");
    let tag = |name: &str| group.inputs.get("tags").and_then(|tags| tags.get(name)).cloned();
    assert_eq!((tag("zone"), tag("subnets")), (Some(Value::string("us-east-1b")), Some(Value::string("2"))));

    let many = "[data.aws_vpc.it]\n\n[resource.aws_cloudwatch_log_group.it]\nname = \"${data.aws_vpc.it.id}\"\n";
    let refused = house.plan(many).await.unwrap_err();
    assert!(refused.contains("2 of AWS::EC2::VPC have all that is asked for"), "{refused}");
}
