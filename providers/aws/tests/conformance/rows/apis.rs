//! HTTP and WebSocket APIs.

use super::Row;

const API: &str = r#"
    [resource.aws_apigatewayv2_api.around]
    name = "around"
    protocol_type = "HTTP"

    [resource.aws_apigatewayv2_api.other]
    name = "other"
    protocol_type = "HTTP"

    [resource.aws_apigatewayv2_integration.around]
    api_id = "${aws_apigatewayv2_api.around.id}"
    integration_type = "HTTP_PROXY"
    integration_method = "ANY"
    integration_uri = "https://example.com/"
"#;

const SOCKETS: &str = r#"
    [resource.aws_apigatewayv2_api.around]
    name = "around"
    protocol_type = "WEBSOCKET"
    route_selection_expression = "$request.body.action"

    [resource.aws_apigatewayv2_integration.around]
    api_id = "${aws_apigatewayv2_api.around.id}"
    integration_type = "MOCK"
    request_templates = { "200" = '{"statusCode":200}' }

    [resource.aws_apigatewayv2_integration.other]
    api_id = "${aws_apigatewayv2_api.around.id}"
    integration_type = "MOCK"

    [resource.aws_apigatewayv2_route.around]
    api_id = "${aws_apigatewayv2_api.around.id}"
    route_key = "$default"
    target = "integrations/${aws_apigatewayv2_integration.around.id}"

    [resource.aws_apigatewayv2_route.other]
    api_id = "${aws_apigatewayv2_api.around.id}"
    route_key = "other"
    target = "integrations/${aws_apigatewayv2_integration.around.id}"
"#;

/// The rows.
pub const ROWS: &[Row] = &[
    Row {
        body: r#"
            name = "it"
            protocol_type = "HTTP"
            description = "one"
            tags = { team = "a" }
        "#,
        updated: r#"
            name = "it again"
            protocol_type = "HTTP"
            version = "2"
            cors_configuration = { allow_origins = ["https://b.example", "https://a.example"], allow_methods = ["GET"], max_age = 60 }
            tags = { team = "b" }
        "#,
        replaced: r#"
            name = "it"
            protocol_type = "WEBSOCKET"
            route_selection_expression = "$request.body.action"
        "#,
        meddling: &[
            (
                "apigatewayv2",
                "update_api",
                r#"{"ApiId": "{remote}", "Name": "not it", "CorsConfiguration": {"AllowOrigins": ["*"]}}"#,
            ),
            ("apigatewayv2", "tag_resource", r#"{"ResourceArn": "{arn}", "Tags": {"team": "c"}}"#),
        ],
        made_by: "apigatewayv2.CreateApi ",
        ..Row::of("aws_apigatewayv2_api")
    },
    Row {
        around: API,
        body: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            integration_type = "HTTP_PROXY"
            integration_method = "GET"
            integration_uri = "https://example.com/one"
        "#,
        updated: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            integration_type = "HTTP_PROXY"
            integration_method = "ANY"
            integration_uri = "https://example.com/two"
            description = "two"
            timeout_milliseconds = 5000
            request_parameters = { "overwrite:path" = "/x" }
        "#,
        replaced: r#"
            api_id = "${aws_apigatewayv2_api.other.id}"
            integration_type = "HTTP_PROXY"
            integration_method = "GET"
            integration_uri = "https://example.com/one"
        "#,
        meddling: &[(
            "apigatewayv2",
            "update_integration",
            r#"{"ApiId": "{api_id}", "IntegrationId": "{id}", "IntegrationUri": "https://example.com/three", "TimeoutInMillis": 100}"#,
        )],
        made_by: "apigatewayv2.CreateIntegration ",
        ..Row::of("aws_apigatewayv2_integration")
    },
    Row {
        around: API,
        body: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            route_key = "GET /one"
            target = "integrations/${aws_apigatewayv2_integration.around.id}"
        "#,
        updated: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            route_key = "GET /two"
            target = "integrations/${aws_apigatewayv2_integration.around.id}"
            authorization_type = "AWS_IAM"
        "#,
        replaced: r#"
            api_id = "${aws_apigatewayv2_api.other.id}"
            route_key = "GET /two"
        "#,
        meddling: &[(
            "apigatewayv2",
            "update_route",
            r#"{"ApiId": "{api_id}", "RouteId": "{id}", "RouteKey": "GET /three", "AuthorizationType": "NONE"}"#,
        )],
        made_by: "apigatewayv2.CreateRoute ",
        ..Row::of("aws_apigatewayv2_route")
    },
    Row {
        around: API,
        body: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            name = "tokens"
            authorizer_type = "JWT"
            identity_sources = ["$request.header.Authorization"]
            jwt_configuration = { issuer = "https://issuer.example", audience = ["us"] }
        "#,
        updated: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            name = "tokens of ours"
            authorizer_type = "JWT"
            identity_sources = ["$request.header.Authorization"]
            jwt_configuration = { issuer = "https://issuer.example", audience = ["you", "us"] }
        "#,
        replaced: r#"
            api_id = "${aws_apigatewayv2_api.other.id}"
            name = "tokens"
            authorizer_type = "JWT"
            identity_sources = ["$request.header.Authorization"]
            jwt_configuration = { issuer = "https://issuer.example", audience = ["us"] }
        "#,
        meddling: &[(
            "apigatewayv2",
            "update_authorizer",
            r#"{"ApiId": "{api_id}", "AuthorizerId": "{id}", "JwtConfiguration": {"Issuer": "https://other.example", "Audience": ["them"]}}"#,
        )],
        made_by: "apigatewayv2.CreateAuthorizer ",
        ..Row::of("aws_apigatewayv2_authorizer")
    },
    Row {
        around: API,
        body: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            name = "$default"
            auto_deploy = true
            tags = { team = "a" }
        "#,
        updated: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            name = "$default"
            auto_deploy = true
            description = "two"
            stage_variables = { level = "two" }
            default_route_settings = { throttling_burst_limit = 10, throttling_rate_limit = 2.5 }
            tags = { team = "b" }
        "#,
        replaced: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            name = "other"
        "#,
        meddling: &[(
            "apigatewayv2",
            "update_stage",
            r#"{"ApiId": "{api_id}", "StageName": "{name}", "Description": "three", "DefaultRouteSettings": {"ThrottlingBurstLimit": 1, "ThrottlingRateLimit": 1}}"#,
        )],
        made_by: "apigatewayv2.CreateStage ",
        ..Row::of("aws_apigatewayv2_stage")
    },
    Row {
        around: API,
        body: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            triggers = { routes = "one" }
        "#,
        replaced: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            triggers = { routes = "two" }
        "#,
        made_by: "apigatewayv2.CreateDeployment ",
        not_provable: "a deployment has nothing to change but its description, and the emulator has no call for that",
        ..Row::of("aws_apigatewayv2_deployment")
    },
    Row {
        around: SOCKETS,
        body: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            route_id = "${aws_apigatewayv2_route.around.id}"
            route_response_key = "$default"
        "#,
        updated: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            route_id = "${aws_apigatewayv2_route.around.id}"
            route_response_key = "$default"
            model_selection_expression = "one"
        "#,
        replaced: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            route_id = "${aws_apigatewayv2_route.other.id}"
            route_response_key = "$default"
        "#,
        meddling: &[(
            "apigatewayv2",
            "update_route_response",
            r#"{"ApiId": "{api_id}", "RouteId": "{route_id}", "RouteResponseId": "{id}", "ModelSelectionExpression": "two"}"#,
        )],
        made_by: "apigatewayv2.CreateRouteResponse ",
        ..Row::of("aws_apigatewayv2_route_response")
    },
    Row {
        around: SOCKETS,
        body: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            integration_id = "${aws_apigatewayv2_integration.around.id}"
            integration_response_key = "$default"
        "#,
        updated: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            integration_id = "${aws_apigatewayv2_integration.around.id}"
            integration_response_key = "/200/"
            content_handling_strategy = "CONVERT_TO_TEXT"
        "#,
        replaced: r#"
            api_id = "${aws_apigatewayv2_api.around.id}"
            integration_id = "${aws_apigatewayv2_integration.other.id}"
            integration_response_key = "$default"
        "#,
        meddling: &[(
            "apigatewayv2",
            "update_integration_response",
            r#"{"ApiId": "{api_id}", "IntegrationId": "{integration_id}", "IntegrationResponseId": "{id}", "ContentHandlingStrategy": "CONVERT_TO_BINARY"}"#,
        )],
        made_by: "apigatewayv2.CreateIntegrationResponse ",
        ..Row::of("aws_apigatewayv2_integration_response")
    },
];
