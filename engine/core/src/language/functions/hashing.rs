//! Digests of texts and files.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::{Answer, Arguments, Wrong, read_bytes};
use crate::model::identity::hex;
use crate::model::value::Value;

fn text_hex<D: Digest>(arguments: &Arguments<'_>) -> Answer {
    Ok(Value::String(hex(&D::digest(arguments.text(0)?.as_bytes()))))
}

fn text_base64<D: Digest>(arguments: &Arguments<'_>) -> Answer {
    Ok(Value::String(BASE64.encode(D::digest(arguments.text(0)?.as_bytes()))))
}

fn file_hex<D: Digest>(arguments: &Arguments<'_>) -> Answer {
    Ok(Value::String(hex(&D::digest(read_bytes(arguments, 0)?.as_slice()))))
}

fn file_base64<D: Digest>(arguments: &Arguments<'_>) -> Answer {
    Ok(Value::String(BASE64.encode(D::digest(read_bytes(arguments, 0)?.as_slice()))))
}

pub(super) fn md5(arguments: &Arguments<'_>) -> Answer {
    text_hex::<Md5>(arguments)
}

pub(super) fn sha1(arguments: &Arguments<'_>) -> Answer {
    text_hex::<Sha1>(arguments)
}

pub(super) fn sha256(arguments: &Arguments<'_>) -> Answer {
    text_hex::<Sha256>(arguments)
}

pub(super) fn sha512(arguments: &Arguments<'_>) -> Answer {
    text_hex::<Sha512>(arguments)
}

pub(super) fn base64sha256(arguments: &Arguments<'_>) -> Answer {
    text_base64::<Sha256>(arguments)
}

pub(super) fn base64sha512(arguments: &Arguments<'_>) -> Answer {
    text_base64::<Sha512>(arguments)
}

pub(super) fn filemd5(arguments: &Arguments<'_>) -> Answer {
    file_hex::<Md5>(arguments)
}

pub(super) fn filesha1(arguments: &Arguments<'_>) -> Answer {
    file_hex::<Sha1>(arguments)
}

pub(super) fn filesha256(arguments: &Arguments<'_>) -> Answer {
    file_hex::<Sha256>(arguments)
}

pub(super) fn filesha512(arguments: &Arguments<'_>) -> Answer {
    file_hex::<Sha512>(arguments)
}

pub(super) fn filebase64sha256(arguments: &Arguments<'_>) -> Answer {
    file_base64::<Sha256>(arguments)
}

pub(super) fn filebase64sha512(arguments: &Arguments<'_>) -> Answer {
    file_base64::<Sha512>(arguments)
}

pub(super) fn uuidv5(arguments: &Arguments<'_>) -> Answer {
    let namespace = match arguments.text(0)?.as_ref() {
        "dns" => uuid::Uuid::NAMESPACE_DNS,
        "url" => uuid::Uuid::NAMESPACE_URL,
        "oid" => uuid::Uuid::NAMESPACE_OID,
        "x500" => uuid::Uuid::NAMESPACE_X500,
        other => other
            .parse()
            .map_err(|_| Wrong::Argument(0, "the namespace is dns, url, oid, x500 or a UUID".to_owned()))?,
    };
    Ok(Value::String(uuid::Uuid::new_v5(&namespace, arguments.text(1)?.as_bytes()).to_string()))
}
