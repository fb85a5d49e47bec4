//! What AWS keeps only a few of: siac makes room.

use siac_core::model::snapshot::Status;

use crate::house::{Goal, House};

/// A policy that allows one action, whose name has a number in it.
fn policy(number: usize) -> String {
    format!(
        r#"
        [resource.aws_iam_policy.it]
        name = "t-often"
        policy = '${{jsonencode({{ Version = "2012-10-17", Statement = [{{ Effect = "Allow", Action = "s3:Get{number}", Resource = "*" }}] }})}}'
        "#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_may_change_more_often_than_it_has_versions() {
    let house = House::new().await;
    for number in 1..=8 {
        let report = house.run(Goal::Stack(&policy(number))).await.unwrap();
        assert_eq!((report.status, &report.failures), (Some(Status::Complete), &Vec::new()), "change {number}");
    }
    let arn = format!("arn:aws:iam::{}:policy/t-often", house.emulator.account());
    let answers = house.emulator.call(&serde_json::json!([["iam", "list_policy_versions", { "PolicyArn": arn }]]));
    let versions = answers[0]["Versions"].as_array().unwrap();
    let mut kept: Vec<&str> = versions.iter().filter_map(|version| version["VersionId"].as_str()).collect();
    kept.sort_unstable();
    assert_eq!(kept, ["v4", "v5", "v6", "v7", "v8"]);
    let gone = house.run(Goal::Nothing).await.unwrap();
    assert_eq!((gone.status, house.emulator.left().await), (Some(Status::Complete), Vec::new()));
}
