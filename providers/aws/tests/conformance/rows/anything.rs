//! What goes through Cloud Control.

use super::Row;

/// The rows.
pub const ROWS: &[Row] = &[
    Row {
        body: r#"
        type_name = "AWS::RDS::DBInstance"
        desired_state = { DBInstanceIdentifier = "t-it", Engine = "postgres", AllocatedStorage = "20", ProcessorFeatures = [{ Name = "coreCount", Value = "2" }, { Name = "threadsPerCore", Value = "1" }] }
        write_only_state = { MasterUserPassword = "hunter2-one" }
        tags = { team = "a" }
    "#,
        updated: r#"
        type_name = "AWS::RDS::DBInstance"
        desired_state = { DBInstanceIdentifier = "t-it", Engine = "postgres", AllocatedStorage = "40", MultiAZ = true, ProcessorFeatures = [{ Name = "threadsPerCore", Value = "1" }, { Name = "coreCount", Value = "2" }] }
        write_only_state = { MasterUserPassword = "hunter2-two" }
        tags = { team = "b", part = "data" }
    "#,
        replaced: r#"
        type_name = "AWS::RDS::DBInstance"
        desired_state = { DBInstanceIdentifier = "t-other", Engine = "postgres", AllocatedStorage = "40" }
        write_only_state = { MasterUserPassword = "hunter2-two" }
    "#,
        meddling: &[
            (
                "cloudcontrol",
                "update_resource",
                r#"{"TypeName": "AWS::RDS::DBInstance", "Identifier": "{identifier}", "PatchDocument": "[{\"op\": \"add\", \"path\": \"/AllocatedStorage\", \"value\": \"80\"}, {\"op\": \"add\", \"path\": \"/MonitoringInterval\", \"value\": 60}]"}"#,
            ),
            (
                "cloudcontrol",
                "update_resource",
                r#"{"TypeName": "AWS::RDS::DBInstance", "Identifier": "{identifier}", "PatchDocument": "[{\"op\": \"remove\", \"path\": \"/MultiAZ\"}, {\"op\": \"add\", \"path\": \"/Tags\", \"value\": []}]"}"#,
            ),
        ],
        made_by: "cloudcontrol.CreateResource ",
        ..Row::of("aws_resource")
    },
    Row {
        body: r#"
            description = "for tests"
            ingress = [
                { protocol = "tcp", from_port = 443, to_port = 443, cidr_blocks = ["10.0.0.0/8", "192.168.0.0/16"] },
                { protocol = "-1", from_port = 0, to_port = 0, self = true },
            ]
            tags = { team = "a" }
        "#,
        updated: r#"
            description = "for tests"
            ingress = [
                { protocol = "tcp", from_port = 443, to_port = 443, cidr_blocks = ["192.168.0.0/16"], ipv6_cidr_blocks = ["::/0"], description = "HTTPS" },
                { protocol = "-1", from_port = 0, to_port = 0, self = true },
            ]
            egress = [{ protocol = "udp", from_port = 53, to_port = 53, cidr_blocks = ["10.0.0.2/32"] }]
            tags = { team = "b", part = "front" }
        "#,
        replaced: r#"
            name = "t-other"
            vpc_id = "vpc-00000000000000002"
            ingress = []
        "#,
        meddling: &[
            (
                "cloudcontrol",
                "update_resource",
                r#"{"TypeName": "AWS::EC2::SecurityGroup", "Identifier": "{remote}", "PatchDocument": "[{\"op\": \"add\", \"path\": \"/SecurityGroupEgress\", \"value\": []}]"}"#,
            ),
            (
                "cloudcontrol",
                "update_resource",
                r#"{"TypeName": "AWS::EC2::SecurityGroup", "Identifier": "{remote}", "PatchDocument": "[{\"op\": \"add\", \"path\": \"/SecurityGroupIngress\", \"value\": [{\"IpProtocol\": \"tcp\", \"FromPort\": 22, \"ToPort\": 22, \"CidrIp\": \"0.0.0.0/0\"}]}, {\"op\": \"add\", \"path\": \"/Tags\", \"value\": []}]"}"#,
            ),
        ],
        made_by: "cloudcontrol.CreateResource ",
        ..Row::of("aws_security_group")
    },
];
