//! Which pages of other origins may call an HTTP API.

use aws_sdk_apigatewayv2::types::Cors;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial};

use crate::fields::Fields;
use crate::kind::Check;
use crate::seen::{Told, object, raised, texts};
use crate::settings::object_type;

/// The type of `cors_configuration`.
pub fn cors_type() -> Type {
    object_type(&[
        ("allow_credentials", Type::Bool, false),
        ("allow_headers", Type::set(Type::String), false),
        ("allow_methods", Type::set(Type::String), false),
        ("allow_origins", Type::set(Type::String), false),
        ("expose_headers", Type::set(Type::String), false),
        ("max_age", Type::Number, false),
    ])
}

/// What browsers and API Gateway would refuse.
pub fn validate(check: &mut Check<'_>) {
    let Some(cors) = check.get("cors_configuration") else { return };
    let origins = cors.get("allow_origins").and_then(Partial::as_list).unwrap_or_default();
    let is_open = origins.iter().any(|origin| origin.as_str() == Some("*"));
    if is_open && cors.get("allow_credentials").and_then(Partial::as_bool) == Some(true) {
        check.refuse("browsers refuse credentials for the origin `*`", "name the origins, or drop `allow_credentials`");
    }
    // `Cors` in the API Gateway v2 API reference: MaxAge -1 to 86400.
    let age = cors.get("max_age").and_then(Partial::as_number).and_then(|age| age.as_i64());
    if age.is_some_and(|age| !(-1..=86_400).contains(&age)) {
        check.refuse("`cors_configuration.max_age` is not between -1 and 86,400 seconds", "write a number between");
    }
}

/// As API Gateway takes it.
pub fn cors(fields: Fields<'_>) -> Cors {
    Cors::builder()
        .set_allow_credentials(fields.flag("allow_credentials"))
        .set_allow_headers(fields.texts("allow_headers"))
        .set_allow_methods(fields.texts("allow_methods"))
        .set_allow_origins(fields.texts("allow_origins"))
        .set_expose_headers(fields.texts("expose_headers"))
        .set_max_age(fields.int("max_age"))
        .build()
}

/// As it was seen.
pub fn shown(cors: &Cors) -> Known {
    object([
        ("allow_credentials", raised(cors.allow_credentials())),
        ("allow_headers", texts(cors.allow_headers())),
        ("allow_methods", texts(cors.allow_methods())),
        ("allow_origins", texts(cors.allow_origins())),
        ("expose_headers", texts(cors.expose_headers())),
        ("max_age", cors.max_age().filter(|age| *age != 0).told()),
    ])
}
