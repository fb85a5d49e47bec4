//! What the published schema of a type says that planning must know.

use serde_json::{Map, Value as Json};

/// What siac knows of AWS's own types, a line each; `published.py` writes it.
const PUBLISHED: &str = include_str!("published.tsv");

/// Where the schemas of types can be had. Source: "CloudFormation resource provider schemas" in the CloudFormation Template Reference.
pub const SOURCE: &str = "https://schema.cloudformation.us-east-1.amazonaws.com";

/// What a type's schema says. A place is a way of names below the properties, `/` between them; `*` is every element of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Places that are fixed once the resource is made.
    pub fixed: Vec<String>,
    /// Places that AWS alone decides.
    pub decided: Vec<String>,
    /// Places that AWS takes and never shows.
    pub hidden: Vec<String>,
    /// Where tags stand, when the call that makes the resource takes them.
    pub tags: Option<TagPlace>,
}

/// Where tags stand, and in what form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagPlace {
    /// The property.
    pub property: String,
    /// Whether they are a list of `Key` and `Value`; otherwise they are a map.
    pub is_list: bool,
}

impl Facts {
    /// What siac knows of a type of AWS.
    pub fn of_type(name: &str) -> Option<Self> {
        let line = PUBLISHED.lines().find(|line| line.split('\t').next() == Some(name))?;
        let mut fields = line.split('\t').skip(1);
        let mut places = || fields.next().unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        let (fixed, decided, hidden) = (places(), places(), places());
        let tags = fields.next().and_then(|tags| tags.split_once('='));
        let tags = tags.map(|(property, form)| TagPlace { property: property.to_owned(), is_list: form == "list" });
        Some(Self { fixed, decided, hidden, tags })
    }

    /// What a schema says, as it is published.
    ///
    /// # Errors
    /// When it is no schema of that type.
    pub fn of_schema(name: &str, text: &str) -> Result<Self, String> {
        let schema: Json =
            serde_json::from_str(text).map_err(|error| format!("`schema` is no JSON document: {error}"))?;
        match schema["typeName"].as_str() {
            Some(other) if other == name => {}
            Some(other) => return Err(format!("`schema` is that of `{other}`, and the resource is of type `{name}`")),
            None => return Err("`schema` names no type, and so is not one that CloudFormation publishes".to_owned()),
        }
        Ok(Self {
            fixed: places(&schema["createOnlyProperties"]),
            decided: places(&schema["readOnlyProperties"]),
            hidden: places(&schema["writeOnlyProperties"]),
            tags: tag_place(&schema),
        })
    }
}

/// Pointers below `/properties`, without those that lie within others.
fn places(pointers: &Json) -> Vec<String> {
    let texts = pointers.as_array().into_iter().flatten().filter_map(Json::as_str);
    let mut all: Vec<String> = texts.map(|text| text.trim_start_matches("/properties/").to_owned()).collect();
    all.sort();
    all.dedup();
    let is_within = |place: &String, other: &String| place.starts_with(&format!("{other}/"));
    let outer: Vec<String> =
        all.iter().filter(|place| !all.iter().any(|other| is_within(place, other))).cloned().collect();
    outer
}

fn tag_place(schema: &Json) -> Option<TagPlace> {
    let tagging = &schema["tagging"];
    let says_no = |name: &str| tagging[name].as_bool() == Some(false);
    let place = tagging["tagProperty"].as_str().unwrap_or("/properties/Tags").trim_start_matches("/properties/");
    let property = schema["properties"].get(place).filter(|_| !says_no("taggable") && !says_no("tagOnCreate"))?;
    Some(TagPlace { property: place.to_owned(), is_list: resolved(schema, property)["type"] == "array" })
}

/// What a reference within a schema refers to.
fn resolved<'a>(schema: &'a Json, property: &'a Json) -> &'a Json {
    let name = property["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
    name.and_then(|name| schema["definitions"].get(name)).unwrap_or(property)
}

impl TagPlace {
    /// Tags in the form of the type.
    pub fn written(&self, tags: impl IntoIterator<Item = (String, String)>) -> Json {
        let tags = tags.into_iter();
        match self.is_list {
            true => tags.map(|(key, value)| serde_json::json!({ "Key": key, "Value": value })).collect(),
            false => Json::Object(tags.map(|(key, value)| (key, Json::String(value))).collect()),
        }
    }

    /// The tags of a resource as it is shown.
    pub fn read(&self, shown: &Map<String, Json>) -> Vec<(String, String)> {
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        match shown.get(&self.property) {
            Some(Json::Array(list)) => list.iter().map(|tag| (text(&tag["Key"]), text(&tag["Value"]))).collect(),
            Some(Json::Object(map)) => map.iter().map(|(key, value)| (key.clone(), text(value))).collect(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_and_what_a_schema_says_agree() {
        let schema = r##"{"typeName": "AWS::SQS::Queue", "createOnlyProperties": ["/properties/FifoQueue", "/properties/QueueName"],
            "readOnlyProperties": ["/properties/QueueUrl", "/properties/Arn", "/properties/Arn/Deeper"],
            "definitions": {"Tags": {"type": "array"}}, "properties": {"Tags": {"$ref": "#/definitions/Tags"}},
            "tagging": {"taggable": true, "tagProperty": "/properties/Tags"}}"##;
        assert_eq!(Facts::of_schema("AWS::SQS::Queue", schema).ok(), Facts::of_type("AWS::SQS::Queue"));
        assert!(Facts::of_schema("AWS::SNS::Topic", schema).unwrap_err().contains("that of `AWS::SQS::Queue`"));
        assert_eq!(Facts::of_type("AWS::SQS::Nothing"), None);
    }

    #[test]
    fn tags_are_written_in_the_form_of_the_type() {
        let tags = || [("a".to_owned(), "1".to_owned())];
        for name in ["AWS::SQS::Queue", "AWS::SSM::Parameter"] {
            let place = Facts::of_type(name).and_then(|facts| facts.tags).unwrap();
            let shown = Map::from_iter([(place.property.clone(), place.written(tags()))]);
            assert_eq!(place.read(&shown), tags());
        }
    }
}
