//! Databases and containers, and their throughput, which is a resource of its own.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::schema::{Attribute, Rule};
use siac_core::model::types::Type;
use siac_core::model::value::{Partial, Value};
use siac_core::ports::Fault;

use crate::arm::{Method, Request, ResourceId, at, put, remove};
use crate::kind::{Seen, Target, Task, Write};
use crate::typed::{Part, Special, Typed, number, object, open, some, usually};

/// The form of names. Source: "Azure Cosmos DB service quotas and default limits", databases and containers; spaces, which ids cannot carry,
/// are left out.
const NAME: &str = r"[^\s/\\#?%<>]{1,255}";

/// The same in words.
const NAME_WORDS: &str = "its name: up to 255 characters but spaces and `/ \\ # ? % < >`";

/// The places of the two sorts of throughput, for making and for telling.
const SORTS: [(&str, &str); 2] =
    [("throughput", "throughput"), ("autoscale_max_throughput", "autoscaleSettings.maxThroughput")];

/// With throughput of its own. Source: the same page: 400 to 1,000,000 request units a second, and 1,000 at least to scale.
fn throughput(kind: Typed) -> Typed {
    let number =
        |least, description| Attribute::optional(Type::Number, description).rule(Rule::Between(least, 1_000_000));
    kind.part(Part::new("throughput", "properties.options.throughput", number(400, "its own throughput in request units a second; none where the account is serverless, or where it takes part in what is above")))
        .part(Part::new("autoscale_max_throughput", "properties.options.autoscaleSettings.maxThroughput", number(1_000, "the most that its throughput rises to by itself")))
        .written(Write::Put)
        .takes(20)
        .holds_data()
        .special(Sql)
}

/// `azure_cosmosdb_sql_database`.
pub fn sql_database() -> Typed {
    let kind = Typed::of("Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2025-10-15", "a database");
    throughput(kind.below("account_id", "", NAME, NAME_WORDS))
}

/// `azure_cosmosdb_sql_container`.
pub fn sql_container() -> Typed {
    let path = || Type::list(object(&[("path", Type::String, true)]));
    let composite = object(&[("path", Type::String, true), ("order", Type::String, false)]);
    let indexing = object(&[
        ("indexing_mode", Type::String, false),
        ("automatic", Type::Bool, false),
        ("included_paths", path(), false),
        ("excluded_paths", path(), false),
        ("composite_indexes", Type::list(Type::list(composite)), false),
    ]);
    let conflicts = object(&[
        ("mode", Type::String, true),
        ("conflict_resolution_path", Type::String, false),
        ("conflict_resolution_procedure", Type::String, false),
    ]);
    let unique = Type::list(object(&[("paths", Type::list(Type::String), true)]));
    let paths = Attribute::required(Type::list(Type::String), "the paths of the partition key, such as `/id`");
    let ttl = Attribute::optional(
        Type::Number,
        "how long an item lives that does not say it itself, in seconds; -1 for ever",
    );
    let kind = Typed::of("Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2025-10-15", "a container of items")
        .below("sql_database_id", "", NAME, NAME_WORDS)
        .part(Part::new("partition_key_paths", "properties.resource.partitionKey.paths", paths.immutable()))
        // Source: the REST specification, `ContainerPartitionKey`.
        .part(usually("partition_key_kind", "properties.resource.partitionKey.kind", "Hash", "Hash, or MultiHash for several paths").one_of(&["Hash", "MultiHash"]).immutable())
        .part(number("partition_key_version", "properties.resource.partitionKey.version", 1, 2, "2 for keys longer than 100 bytes").default_number(2).immutable())
        .part(Part::new("default_ttl", "properties.resource.defaultTtl", ttl.rule(Rule::Between(-1, i64::from(i32::MAX)))))
        .part(open("indexing_policy", "properties.resource.indexingPolicy", indexing, "what is indexed: `indexing_mode` (consistent or none), `automatic`, `included_paths`, `excluded_paths` and `composite_indexes`"))
        .part(some("unique_keys", "properties.resource.uniqueKeyPolicy.uniqueKeys", unique, "what no two items of a partition share: `paths`").immutable())
        .part(open("conflict_resolution_policy", "properties.resource.conflictResolutionPolicy", conflicts, "which of two writes wins: `mode` LastWriterWins or Custom").immutable());
    throughput(kind)
}

struct Sql;

/// The throughput of a database or container.
fn settings(target: &Target) -> Result<Target, Fault> {
    let id = ResourceId::parse(&format!("{}/throughputSettings/default", target.id))?;
    Ok(Target { id, api: target.api.clone() })
}

/// What there is of throughput; `None` where there is none of its own.
async fn current(task: &Task<'_>, settings: &Target) -> Result<Option<Json>, Fault> {
    match task.azure.arm.send(&Request::new(Method::GET, &settings.id, &settings.api)).await {
        Ok(answer) => Ok(at(&answer.body, "properties.resource").cloned()),
        Err(failure) if failure.is_absent() => Ok(None),
        // Serverless accounts refuse the question.
        Err(failure) if failure.status == 400 => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}

#[async_trait]
impl Special for Sql {
    fn validate(&self, desired: &Partial, problems: &mut Diagnostics) {
        let number = |name: &str| desired.get(name).and_then(Partial::as_number).and_then(|number| number.as_i64());
        let mut refuse = |detail: String, help: &'static str| {
            problems.push(Diagnostic::error("refused-by-azure", "Azure would refuse this", detail).help(help));
        };
        let (fixed, rising) = (number("throughput"), number("autoscale_max_throughput"));
        if fixed.is_some() && rising.is_some() {
            let detail = "`throughput` and `autoscale_max_throughput` are both set";
            refuse(detail.to_owned(), "set one of them");
        }
        if let Some(fixed) = fixed.filter(|fixed| fixed % 100 != 0) {
            refuse(format!("`throughput` is {fixed}"), "set it to a multiple of 100");
        }
        if let Some(rising) = rising.filter(|rising| rising % 1_000 != 0) {
            refuse(format!("`autoscale_max_throughput` is {rising}"), "set it to a multiple of 1000");
        }
    }

    fn shape(&self, task: &Task<'_>, document: &mut Json) -> Result<(), Fault> {
        put(document, "properties.resource.id", json!(task.inputs.need("name")?));
        // What is there already is changed where its throughput stands.
        if task.object.is_some() {
            remove(document, "properties.options");
        }
        if at(document, "properties.options").is_none() {
            put(document, "properties.options", json!({}));
        }
        Ok(())
    }

    async fn settle(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        let wanted =
            SORTS.iter().find_map(|(name, place)| Some((*name, *place, task.inputs.get(name)?.as_number()?.as_i64()?)));
        let (Some((name, place, wanted)), Some(_)) = (wanted, task.object) else { return Ok(()) };
        let settings = settings(target)?;
        let now = current(task, &settings).await?.unwrap_or_default();
        match at(&now, place).and_then(Json::as_i64) {
            Some(now) if now == wanted => Ok(()),
            Some(_) => set(task, &settings, place, wanted).await,
            None => Err(Fault::rejected(format!(
                "{} has no throughput that `{name}` could change; make it anew, or change how it scales with `az cosmosdb sql … throughput migrate` first",
                target.id
            ))),
        }
    }

    async fn complete(&self, task: &Task<'_>, target: &Target, seen: &mut Seen) -> Result<(), Fault> {
        let now = current(task, &settings(target)?).await?.unwrap_or_default();
        let is_rising = at(&now, SORTS[1].1).is_some();
        for (name, place) in SORTS {
            // What rises by itself shows where it is just now, too.
            let is_told = (name == SORTS[1].0) == is_rising;
            let number = at(&now, place).and_then(Json::as_i64).filter(|_| is_told);
            seen.inputs.insert(name.to_owned(), number.map(Value::number));
        }
        Ok(())
    }
}

async fn set(task: &Task<'_>, settings: &Target, place: &str, wanted: i64) -> Result<(), Fault> {
    let mut body = json!({});
    put(&mut body, &format!("properties.resource.{place}"), json!(wanted));
    let request = Request { body: Some(&body), ..Request::new(Method::PUT, &settings.id, &settings.api) };
    let answer = task.azure.arm.send(&request).await?;
    Ok(task.azure.arm.finish(task.call, "throughput", &settings.id, &settings.api, &answer).await?)
}
