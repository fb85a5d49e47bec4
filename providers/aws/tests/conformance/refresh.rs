//! How many calls a refresh makes: one answers for many where AWS has such a call.

use siac_core::model::snapshot::Status;

use crate::house::{Goal, House};

/// How many of each part there are; more than are looked at at once.
const PARTS: usize = 12;

const AROUND: &str = r#"
    [resource.aws_iam_role.it]
    assume_role_policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })}'

    [resource.aws_lambda_function.it]
    role = "${aws_iam_role.it.arn}"
    filename = "code"
    handler = "index.handler"
    runtime = "nodejs24.x"

    [resource.aws_apigatewayv2_api.it]
    name = "it"
    protocol_type = "HTTP"
"#;

/// Twelve routes, each with an integration and a permission of its own.
fn stack() -> String {
    let numbers: Vec<String> = (0..PARTS).map(|number| format!("\"{number}\"")).collect();
    let each = format!("for_each = [{}]", numbers.join(", "));
    format!(
        r#"{AROUND}
            [resource.aws_apigatewayv2_integration.it]
            {each}
            api_id = "${{aws_apigatewayv2_api.it.id}}"
            integration_type = "AWS_PROXY"
            integration_method = "POST"
            integration_uri = "${{aws_lambda_function.it.invoke_arn}}"
            payload_format_version = "2.0"

            [resource.aws_apigatewayv2_route.it]
            {each}
            api_id = "${{aws_apigatewayv2_api.it.id}}"
            route_key = "GET /${{each.value}}"
            target = "integrations/${{aws_apigatewayv2_integration.it[each.value].id}}"

            [resource.aws_lambda_permission.it]
            {each}
            function_name = "${{aws_lambda_function.it.function_name}}"
            action = "lambda:InvokeFunction"
            principal = "apigateway.amazonaws.com"
            source_arn = "${{aws_apigatewayv2_api.it.execution_arn}}/*/GET/${{each.value}}"
        "#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_answers_for_many_parts() {
    let house = House::new().await;
    let made = house.run(Goal::Stack(&stack())).await.unwrap();
    assert_eq!(made.status, Some(Status::Complete), "{:?}", made.failures);
    let calls = |what: &str| house.emulator.proxy().count(what);
    let lists = ["apigatewayv2.GetRoutes ", "apigatewayv2.GetIntegrations ", "lambda.GetPolicy "];
    let before = lists.map(calls);
    let again = house.plan(&stack()).await.unwrap();
    assert!(again.actions.is_empty(), "{:?}", again.changes);
    for (list, before) in lists.into_iter().zip(before) {
        let made = calls(list) - before;
        // As many as fit at once are answered by one call; how many batches that makes is up to the machine.
        assert!((1..PARTS).contains(&made), "{list}was called {made} times for {PARTS} parts");
    }
    assert_eq!(calls("apigatewayv2.Get(Route|Integration) "), 0);
    house.run(Goal::Nothing).await.unwrap();
    assert_eq!(house.emulator.left().await, Vec::<String>::new());
}
