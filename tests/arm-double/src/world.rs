//! What there is: resources, operations, deleted ones that are kept, and what the tests have arranged.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::double::{Exchange, Trouble};
use crate::json::{at, filled, overlay, put, remove};
use crate::path::Place;
use crate::types::{By, Course, Row, types};

/// The tenant of every subscription.
pub const TENANT: &str = "11111111-1111-1111-1111-111111111111";

/// Regions, as they are written and as they are spelled out.
pub const REGIONS: [(&str, &str); 7] = [
    ("westeurope", "West Europe"),
    ("northeurope", "North Europe"),
    ("eastus", "East US"),
    ("westus", "West US"),
    ("westus2", "West US 2"),
    ("swedencentral", "Sweden Central"),
    ("global", "global"),
];

/// One resource, or a resource group.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its id as it was first written.
    pub id: String,
    /// Its type.
    pub ty: String,
    /// Its document, hidden places included.
    pub document: Json,
    /// How often it was written.
    pub version: u64,
    /// The operation that goes on with it.
    pub operation: Option<u64>,
}

/// Something that goes on.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The resource.
    pub id: String,
    /// How often it is still looked at before it is done.
    pub polls: u32,
    /// What becomes of the resource.
    pub end: End,
    /// How it fails, when it does.
    pub failure: Option<(String, String)>,
    /// Whether it is done.
    pub is_done: bool,
}

/// What an operation comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The resource is there, and ready.
    Ready,
    /// The resource is gone.
    Gone,
    /// Nothing changes.
    Nothing,
}

/// Everything.
pub struct World {
    /// The table of types.
    pub types: Vec<Row>,
    /// The subscriptions.
    pub subscriptions: BTreeSet<String>,
    /// Resources and groups by id in lower case.
    pub resources: BTreeMap<String, Resource>,
    /// Deleted ones that are kept, by type and name in lower case.
    pub deleted: BTreeMap<(String, String), Resource>,
    /// Operations by number.
    pub operations: BTreeMap<u64, Operation>,
    /// Names that strangers have taken, by type in lower case.
    pub taken: BTreeSet<(String, String)>,
    /// Namespaces that the subscription is not registered for, in lower case.
    pub unregistered: BTreeSet<String>,
    /// What the next look at a namespace says of its registration, by the namespace in lower case.
    pub passing: BTreeMap<String, &'static str>,
    /// What was asked so far.
    pub exchanges: Vec<Exchange>,
    /// What goes wrong.
    pub troubles: Vec<Trouble>,
    /// Whether operations stand still.
    pub is_held: bool,
    /// How the next operation fails.
    pub next_failure: Option<(String, String)>,
    /// Why the next package does not run.
    pub next_deployment: Option<String>,
    /// Deleted secrets, by vault and name in lower case.
    pub deleted_secrets: BTreeMap<String, Resource>,
    /// Packages by app.
    pub packages: BTreeMap<String, Vec<u8>>,
    /// Where the double is reached, as the last request said.
    pub origin: String,
    count: u64,
}

impl World {
    /// An empty subscription.
    pub fn new(subscription: &str) -> Self {
        Self {
            types: types(),
            subscriptions: BTreeSet::from([subscription.to_ascii_lowercase()]),
            resources: BTreeMap::new(),
            deleted: BTreeMap::new(),
            operations: BTreeMap::new(),
            taken: BTreeSet::new(),
            unregistered: BTreeSet::new(),
            passing: BTreeMap::new(),
            exchanges: Vec::new(),
            troubles: Vec::new(),
            is_held: false,
            next_failure: None,
            next_deployment: None,
            deleted_secrets: BTreeMap::new(),
            packages: BTreeMap::new(),
            origin: String::new(),
            count: 0,
        }
    }

    /// The entry of a type.
    pub fn row(&self, ty: &str) -> Option<Row> {
        self.types.iter().find(|row| row.name.eq_ignore_ascii_case(ty)).cloned()
    }

    /// A resource.
    pub fn resource(&self, id: &str) -> Option<&Resource> {
        self.resources.get(&id.to_ascii_lowercase())
    }

    /// A resource, looked at. Time passes with every look, whatever tells of the operation: the answer that says where may have been lost.
    pub fn seen(&mut self, id: &str) -> Option<&Resource> {
        if let Some(number) = self.resource(id).and_then(|resource| resource.operation) {
            self.look(number);
        }
        self.resource(id)
    }

    /// Whether there is a group of this name.
    pub fn has_group(&self, subscription: &str, group: &str) -> bool {
        self.resource(&format!("/subscriptions/{subscription}/resourceGroups/{group}")).is_some()
    }

    /// Whether another resource of this type has the name, anywhere.
    pub fn is_taken(&self, row: &Row, name: &str, id: &str) -> bool {
        let (ty, name) = (row.name.to_ascii_lowercase(), name.to_ascii_lowercase());
        let is_it = |resource: &Resource| {
            resource.ty.eq_ignore_ascii_case(&ty)
                && resource.id.to_ascii_lowercase().ends_with(&format!("/{name}"))
                && !resource.id.eq_ignore_ascii_case(id)
        };
        self.taken.contains(&(ty.clone(), name.clone())) || self.resources.values().any(is_it)
    }

    /// Puts a resource as its service would keep it, and answers with it.
    pub fn keep(&mut self, row: &Row, place: &Place, body: &Json, patch: bool) -> Resource {
        let id = place.id();
        let key = id.to_ascii_lowercase();
        let before = self.resources.get(&key).cloned();
        let id = before.as_ref().map_or(id, |before| before.id.clone());
        let mut document = row.defaults.clone();
        match &before {
            Some(before) if patch || row.put_merges => document = before.document.clone(),
            _ => {}
        }
        if document.is_null() {
            document = json!({});
        }
        let mut body = body.clone();
        ["id", "name", "type", "etag", "systemData", "properties.provisioningState"]
            .iter()
            .for_each(|path| remove(&mut body, path));
        if let Some(tags) = body.get("tags").cloned() {
            // Tags are told in full.
            put(&mut document, "tags", tags);
        }
        overlay(&mut document, &body);
        let around = place.parent().and_then(|parent| self.resource(&parent)).map(|parent| &parent.document);
        let location = at(&document, "location").or_else(|| at(around?, "location")).and_then(Json::as_str);
        let location = location.unwrap_or_default().to_owned();
        for (path, template) in &row.shown {
            let words = words(place, &id, &location, &self.origin);
            put(&mut document, path, filled(template, &words));
        }
        let called =
            row.called.as_ref().map(|called| filled(&json!(called), &words(place, &id, &location, &self.origin)));
        let called = called.unwrap_or_else(|| json!(place.name()));
        for (path, value) in
            [("id", json!(id)), ("name", called), ("type", json!(row.shows_type.as_ref().unwrap_or(&row.name)))]
        {
            put(&mut document, path, value);
        }
        let version = before.map_or(1, |before| before.version + 1);
        let resource = Resource { id, ty: row.name.clone(), document, version, operation: None };
        self.resources.insert(key, resource.clone());
        if version == 1 {
            self.begin(row, place);
        }
        self.spread(row, &resource);
        resource
    }

    /// What a service keeps elsewhere of what it was told here.
    fn spread(&mut self, row: &Row, resource: &Resource) {
        for (path, child) in &row.spreads {
            let Some(told) = at(&resource.document, path).cloned() else { continue };
            let (child, inside) = child.split_once('#').map_or((child.as_str(), None), |(child, at)| (child, Some(at)));
            let Some(child) = self.resources.get_mut(&format!("{}/{child}", resource.id).to_ascii_lowercase()) else {
                continue;
            };
            let told = inside.map_or_else(|| told.clone(), |inside| json!({ inside: told }));
            match told {
                Json::Array(pairs) => {
                    let pair = |pair: &Json| Some((pair["name"].as_str()?.to_owned(), pair["value"].clone()));
                    child.document["properties"] = pairs.iter().filter_map(pair).collect();
                }
                told => overlay(&mut child.document["properties"], &told),
            }
        }
    }

    /// What exists with a resource.
    fn begin(&mut self, row: &Row, place: &Place) {
        for (child, body) in &row.begins_with {
            let mut names = place.names.clone();
            let mut ty = row.name.clone();
            for pair in child.split('/').collect::<Vec<_>>().chunks(2) {
                ty = format!("{ty}/{}", pair[0]);
                names.push(pair.get(1).copied().unwrap_or_default().to_owned());
            }
            let child = Place { ty: ty.clone(), names, ..place.clone() };
            if let Some(row) = self.row(&ty) {
                self.keep(&row, &child, body, false);
            }
        }
    }

    /// Begins what goes on with a resource; `None` when nothing does.
    pub fn start(&mut self, id: &str, course: &Course, end: End, state: &str) -> Option<u64> {
        let has_state = self.resource(id).and_then(|resource| self.row(&resource.ty)).is_none_or(|row| row.state);
        let failure = self.next_failure.take_if(|_| end != End::Nothing);
        if course.by == By::Nothing && failure.is_none() {
            self.finish(id, end, has_state);
            return None;
        }
        self.count += 1;
        let operation = Operation { id: id.to_owned(), polls: course.polls, end, failure, is_done: false };
        self.operations.insert(self.count, operation);
        if let Some(resource) = self.resources.get_mut(&id.to_ascii_lowercase()) {
            resource.operation = Some(self.count);
            if has_state {
                let state = course.state.as_deref().unwrap_or(state);
                put(&mut resource.document, "properties.provisioningState", json!(state));
            }
        }
        Some(self.count)
    }

    /// One look at an operation: it is nearer to its end afterwards, unless it is held.
    pub fn look(&mut self, number: u64) -> Option<Operation> {
        let is_held = self.is_held;
        let operation = self.operations.get_mut(&number)?;
        if operation.is_done || is_held {
            return Some(operation.clone());
        }
        if operation.polls > 0 {
            operation.polls -= 1;
            return Some(operation.clone());
        }
        operation.is_done = true;
        let done = operation.clone();
        if let Some(resource) = self.resources.get_mut(&done.id.to_ascii_lowercase()) {
            resource.operation = None;
        }
        let has_state = self.resource(&done.id).and_then(|it| self.row(&it.ty)).is_none_or(|row| row.state);
        match (&done.failure, self.resources.get_mut(&done.id.to_ascii_lowercase())) {
            (None, _) => self.finish(&done.id, done.end, has_state),
            (Some(_), Some(resource)) if has_state && done.end != End::Nothing => {
                put(&mut resource.document, "properties.provisioningState", json!("Failed"));
            }
            (Some(_), _) => {}
        }
        Some(done)
    }

    fn finish(&mut self, id: &str, end: End, has_state: bool) {
        match end {
            End::Gone => self.bury(id),
            End::Ready if has_state => {
                if let Some(resource) = self.resources.get_mut(&id.to_ascii_lowercase()) {
                    put(&mut resource.document, "properties.provisioningState", json!("Succeeded"));
                }
            }
            End::Ready | End::Nothing => {}
        }
    }

    /// Takes a resource away with everything in it.
    pub fn bury(&mut self, id: &str) {
        let key = id.to_ascii_lowercase();
        let inside = format!("{key}/");
        let going: Vec<String> =
            self.resources.keys().filter(|other| **other == key || other.starts_with(&inside)).cloned().collect();
        for id in going {
            let Some(resource) = self.resources.remove(&id) else { continue };
            if self.row(&resource.ty).is_some_and(|row| row.soft_delete) {
                let name = resource.id.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
                self.deleted.insert((resource.ty.to_ascii_lowercase(), name), resource);
            }
        }
    }

    /// A document as its service shows it.
    pub fn shown(&self, resource: &Resource) -> Json {
        let mut document = resource.document.clone();
        if let Some(row) = self.row(&resource.ty) {
            row.hidden.iter().for_each(|path| remove(&mut document, path));
            if row.etag {
                put(&mut document, "etag", json!(etag(resource)));
            }
            if let Some(location) = at(&document, "location").and_then(Json::as_str).filter(|_| row.spells_regions_out)
            {
                let words = json!(spelled_out(location));
                put(&mut document, "location", words);
            }
        }
        document
    }

    /// A document as the answer to a write says it: regions as they were written, and without what only a look shows.
    pub fn said(&self, row: &Row, resource: &Resource, is_put: bool) -> Json {
        let mut document = self.shown(resource);
        row.unsaid.iter().for_each(|path| remove(&mut document, path));
        if let Some(location) = at(&resource.document, "location").filter(|_| is_put) {
            put(&mut document, "location", location.clone());
        }
        document
    }
}

/// The ETag of a resource.
pub fn etag(resource: &Resource) -> String {
    format!("\"{:016X}\"", 0x8D8_5948_A3E3_5332_u64.wrapping_add(resource.version))
}

/// A GUID that is always the same for a text.
pub fn guid(text: &str) -> String {
    let hex: String =
        Sha256::digest(text.to_ascii_lowercase()).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The words that templates are filled with.
pub fn words<'a>(
    place: &'a Place,
    id: &'a str,
    location: &'a str,
    origin: &'a str,
) -> impl Fn(&str) -> Option<String> + 'a {
    move |word| {
        Some(match word {
            "name" => place.name().to_owned(),
            "lower" => place.name().to_ascii_lowercase(),
            "parent" => place.names.get(place.names.len().checked_sub(2)?)?.clone(),
            "first" => place.names.first()?.clone(),
            "group" => place.group.clone()?,
            "key_of_name" => unescaped(place.name().split('$').next().unwrap_or_default()),
            "label_of_name" => unescaped(place.name().split_once('$').map(|(_, label)| label).unwrap_or_default()),
            "subscription" => place.subscription.clone(),
            "tenant" => TENANT.to_owned(),
            "location" => location.to_owned(),
            "id" => id.to_owned(),
            "origin" => origin.to_owned(),
            "guid" => guid(id),
            "guid2" => guid(&format!("{id}/2")),
            "key" => key(id),
            "key2" => key(&format!("{id}/2")),
            _ => return None,
        })
    }
}

/// The name of a key and value, in which `~2F` is a slash.
fn unescaped(name: &str) -> String {
    let mut parts = name.split('~');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at(part.len().min(2));
        bytes.extend(u8::from_str_radix(code, 16).ok());
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A key that is always the same for a text.
fn key(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.to_ascii_lowercase()))
}

/// A region in words.
fn spelled_out(location: &str) -> String {
    let plain = location.replace(' ', "").to_ascii_lowercase();
    REGIONS.iter().find(|(region, _)| *region == plain).map_or(location, |(_, words)| words).to_owned()
}
