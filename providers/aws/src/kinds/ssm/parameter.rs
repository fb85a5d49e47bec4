//! `aws_ssm_parameter`.

use async_trait::async_trait;
use aws_sdk_ssm::types::{
    ParameterMetadata, ParameterStringFilter, ParameterTier, ParameterType, ResourceTypeForTagging, Tag,
};
use siac_core::model::path::Path;
use siac_core::model::schema::{Attribute, KindSchema, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Partial, Value};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Fault, Planned, Verdict};

use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted, built};
use crate::kind::{Check, Described, Kind, Task};
use crate::kinds::secretsmanager::sealed;
use crate::marks::Tags;
use crate::seen::{Seen, filled};

/// The kind. AWS knows it by its name.
pub struct Parameter;

/// What is done by writing it anew.
const WRITTEN: [&str; 8] =
    ["value", "insecure_value", "type", "description", "key_id", "tier", "allowed_pattern", "data_type"];

#[async_trait]
impl Kind for Parameter {
    fn describe(&self) -> Described {
        let attributes = [
            (
                "name",
                // `PutParameter` in the Systems Manager API reference: 1,011 characters of the ARN are the name's.
                Attribute::required(Type::String, "its name, unique in the region; `/` makes a hierarchy")
                    .immutable()
                    .rule(Rule::Length(1, 1_011))
                    .rule(Rule::Matches(r"[A-Za-z0-9_./-]+", "letters, digits and `_./-`")),
            ),
            (
                "type",
                Attribute::required(Type::String, "whether it is a text, a list of texts, or encrypted")
                    .immutable()
                    .rule(Rule::OneOf(&["String", "StringList", "SecureString"])),
            ),
            ("value", Attribute::optional(Type::String, "what it holds, never shown").sensitive()),
            ("insecure_value", Attribute::optional(Type::String, "what it holds, shown in plans; not encrypted")),
            // `ParameterDescription`, `ParameterKeyId`, `AllowedPattern` in the service model.
            ("description", Attribute::optional(Type::String, "what it is for").rule(Rule::Length(0, 1_024))),
            (
                "key_id",
                Attribute::optional_computed(Type::String, "the key that encrypts it: id, ARN or alias")
                    .rule(Rule::Length(1, 256)),
            ),
            (
                "tier",
                Attribute::optional_computed(Type::String, "what it may hold, and the price; it cannot be lowered")
                    .rule(Rule::OneOf(&["Standard", "Advanced", "Intelligent-Tiering"])),
            ),
            (
                "allowed_pattern",
                Attribute::optional(Type::String, "a regular expression that every value must match")
                    .rule(Rule::Length(0, 1_024)),
            ),
            (
                "data_type",
                Attribute::optional_computed(Type::String, "what values are checked to be").rule(Rule::OneOf(&[
                    "text",
                    "aws:ec2:image",
                    "aws:ssm:integration",
                ])),
            ),
            ("arn", Attribute::computed(Type::String, "its ARN").stays()),
            ("version", Attribute::computed(Type::Number, "how often it was written")),
        ];
        Described::new("a parameter of the Systems Manager", RecoveryClass::Name, attributes)
            .unique("name")
            .tagged()
            .needs(&[
                "kms:Decrypt",
                "kms:Encrypt",
                "ssm:AddTagsToResource",
                "ssm:DeleteParameter",
                "ssm:DescribeParameters",
                "ssm:GetParameter",
                "ssm:ListTagsForResource",
                "ssm:PutParameter",
                "ssm:RemoveTagsFromResource",
            ])
    }

    /// As the schema says; an advanced parameter becomes a standard one only by being made anew.
    fn plan(&self, schema: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
        let mut planned = by_schema(schema, prior, desired);
        let tier = |inputs: &Partial| inputs.get("tier").and_then(Partial::as_str).map(str::to_owned);
        let was_advanced = prior.and_then(|prior| tier(&prior.inputs)).as_deref() == Some("Advanced");
        if was_advanced && tier(&planned.inputs).as_deref() == Some("Standard") {
            planned.verdict = Verdict::Replace;
            planned.requires_replace.push(Path::attribute("tier"));
            planned.outputs = Value::Map(Default::default());
        }
        planned
    }

    fn validate(&self, check: &mut Check<'_>) {
        check.exactly_one(&["value", "insecure_value"]);
        let is_secure = check.text("type") == Some("SecureString");
        if is_secure && check.has("insecure_value") {
            check.refuse("a `SecureString` has no `insecure_value`", "set `value`");
        }
        if check.text("type").is_some() && !is_secure && check.has("key_id") {
            check.refuse("`key_id` is for a `SecureString`", "remove it, or set `type = \"SecureString\"`");
        }
        refuse_reserved(check);
        // "Parameter Store quotas" in the AWS General Reference: 4 KiB, and 8 KiB of advanced parameters.
        let most = if check.text("tier").is_none_or(|tier| tier == "Standard") { 4_096 } else { 8_192 };
        let size = check.text("value").or(check.text("insecure_value")).map_or(0, str::len);
        if size > most {
            check.refuse(
                format!("the value has {size} bytes, and {most} fit"),
                "set `tier = \"Advanced\"`, or shorten it",
            );
        }
        if size == 0 && (check.text("value").is_some() || check.text("insecure_value").is_some()) {
            check.refuse("a parameter is never empty", "write at least one character");
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("name")
    }

    async fn look(&self, aws: &Account, remote: &str, remembered: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let answer = aws.ssm().get_parameter().name(remote).with_decryption(true).send().await;
        let answer = answer.of("ssm:GetParameter").absent_on(&["ParameterNotFound"]).or_absent()?;
        let Some(it) = answer.and_then(|answer| answer.parameter) else { return Ok(None) };
        let Some(more) = described(aws, remote).await? else { return Ok(None) };
        let call = aws.ssm().list_tags_for_resource().resource_type(ResourceTypeForTagging::Parameter);
        let tags = call.resource_id(remote).send().await.of("ssm:ListTagsForResource");
        let tags = tags.absent_on(&["InvalidResourceId"]).or_absent()?;
        let is_plain = it.r#type() != Some(&ParameterType::SecureString) && !holds_secret(remembered);
        let value = it.value().unwrap_or_default();
        let seen = if is_plain {
            Seen::new().input("insecure_value", value)
        } else {
            Seen::new().input("value", sealed(value))
        };
        let seen = seen
            .input("name", remote)
            .input("type", it.r#type().map(ParameterType::as_str))
            .input("description", filled(more.description()))
            .input("key_id", filled(more.key_id()))
            .input("tier", more.tier().map(ParameterTier::as_str))
            .input("allowed_pattern", filled(more.allowed_pattern()))
            .input("data_type", it.data_type())
            .output("arn", it.arn())
            .output("version", it.version())
            .tags(tags.iter().flat_map(|tags| tags.tag_list()).map(|tag| (tag.key(), tag.value())));
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let name = task.inputs.need("name")?;
        let call = put(task)?.set_description(task.inputs.owned("description")).set_tags(Some(tags(task.tags())?));
        let call = call.set_allowed_pattern(task.inputs.owned("allowed_pattern"));
        let answer = call.send().await.of("ssm:PutParameter").busy_on(&["TooManyUpdates"]);
        answer.exists_on("ParameterAlreadyExists")?;
        Ok(name.to_owned())
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        if task.differing(seen).any(&WRITTEN) || is_value_new(task) {
            let call = put(task)?.overwrite(true).description(task.inputs.text("description").unwrap_or_default());
            let call = call.allowed_pattern(task.inputs.text("allowed_pattern").unwrap_or_default());
            call.send().await.of("ssm:PutParameter").busy_on(&["TooManyUpdates"])?;
        }
        let (retagging, kind) = (task.retagging(seen), ResourceTypeForTagging::Parameter);
        if !retagging.set.is_empty() {
            let call = task.aws.ssm().add_tags_to_resource().resource_type(kind.clone()).resource_id(remote);
            call.set_tags(Some(tags(retagging.set)?)).send().await.of("ssm:AddTagsToResource")?;
        }
        if !retagging.removed.is_empty() {
            let call = task.aws.ssm().remove_tags_from_resource().resource_type(kind).resource_id(remote);
            call.set_tag_keys(Some(retagging.removed)).send().await.of("ssm:RemoveTagsFromResource")?;
        }
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let answer = aws.ssm().delete_parameter().name(remote).send().await.of("ssm:DeleteParameter");
        answer.absent_on(&["ParameterNotFound"]).or_gone()
    }
}

/// Whether what is remembered of it has the value where nobody sees it.
fn holds_secret(remembered: Option<&Object>) -> bool {
    remembered.is_some_and(|object| object.inputs.get("value").is_some_and(|value| !value.is_null()))
}

/// Whether the value stands in another attribute than before, where it could not be compared.
fn is_value_new(task: &Task<'_>) -> bool {
    let before = holds_secret(task.object);
    task.object.is_some() && before != task.inputs.get("value").is_some()
}

/// Names that AWS keeps for itself. Source: `PutParameter` in the Systems Manager API reference.
fn refuse_reserved(check: &mut Check<'_>) {
    let name = check.text("name").unwrap_or_default();
    let (bare, levels) = (name.trim_start_matches('/').to_ascii_lowercase(), name.matches('/').count());
    if bare.starts_with("aws") || bare.starts_with("ssm") {
        check.refuse("the name of a parameter cannot begin with `aws` or `ssm`", "choose another name");
    }
    if levels > 15 {
        check.refuse(format!("the name has {levels} levels, and 15 are possible"), "write fewer `/`");
    }
    if levels > 0 && !name.starts_with('/') {
        check.refuse("a name with `/` in it begins with one", format!("write `/{name}`"));
    }
}

/// What `GetParameter` does not show.
async fn described(aws: &Account, name: &str) -> Result<Option<ParameterMetadata>, Fault> {
    let filter = ParameterStringFilter::builder().key("Name").option("Equals").values(name).build();
    let call = aws.ssm().describe_parameters().parameter_filters(built(filter)?);
    let answer = call.send().await.of("ssm:DescribeParameters")?;
    Ok(answer.parameters().iter().find(|it| it.name() == Some(name)).cloned())
}

fn put(task: &Task<'_>) -> Result<aws_sdk_ssm::operation::put_parameter::builders::PutParameterFluentBuilder, Fault> {
    let inputs = task.inputs;
    let value = match inputs.text("value").or(inputs.text("insecure_value")) {
        Some(value) => value,
        None => inputs.need("value")?,
    };
    let call = task.aws.ssm().put_parameter().name(inputs.need("name")?).value(value);
    Ok(call
        .set_type(inputs.text("type").map(ParameterType::from))
        .set_key_id(inputs.owned("key_id"))
        .set_tier(inputs.text("tier").map(ParameterTier::from))
        .set_data_type(inputs.owned("data_type")))
}

fn tags(tags: Tags) -> Result<Vec<Tag>, Fault> {
    tags.into_iter().map(|(key, value)| built(Tag::builder().key(key).value(value).build())).collect()
}
