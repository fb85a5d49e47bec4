//! What a path is about.

/// A path below a subscription, taken apart. Words keep their letters; they are compared without case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The subscription.
    pub subscription: String,
    /// The resource group, where there is one.
    pub group: Option<String>,
    /// The last type, such as `Microsoft.Web/sites/config`; empty for a group or subscription.
    pub ty: String,
    /// The names along that type.
    pub names: Vec<String>,
    /// What the last type stands below: a group, a subscription, or another resource.
    pub scope: String,
    /// What follows the last type and name: a type without a name when a list or an action is asked for.
    pub rest: Option<String>,
}

impl Place {
    /// Reads a path; `None` when it is not below a subscription.
    pub fn read(path: &str) -> Option<Self> {
        let lower = path.to_ascii_lowercase();
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        if !parts.next()?.eq_ignore_ascii_case("subscriptions") {
            return None;
        }
        let subscription = parts.next()?.to_owned();
        let group = match lower.find("/resourcegroups/") {
            Some(at) => path[at + "/resourcegroups/".len()..].split('/').next().map(str::to_owned),
            None => None,
        };
        let (scope, own) = match lower.rfind("/providers/") {
            Some(at) => (path[..at].to_owned(), &path[at + "/providers/".len()..]),
            None => (path.trim_end_matches('/').to_owned(), ""),
        };
        let mut words = own.split('/').filter(|word| !word.is_empty());
        let mut place = Self {
            subscription,
            group,
            ty: words.next().unwrap_or_default().to_owned(),
            names: vec![],
            scope,
            rest: None,
        };
        let words: Vec<&str> = words.collect();
        for pair in words.chunks(2) {
            match pair {
                [ty, name] => {
                    place.ty = format!("{}/{ty}", place.ty);
                    place.names.push((*name).to_owned());
                }
                [rest] => place.rest = Some((*rest).to_owned()),
                _ => {}
            }
        }
        Some(place)
    }

    /// The id of the resource itself.
    pub fn id(&self) -> String {
        let mut parts = self.ty.split('/');
        let namespace = parts.next().unwrap_or_default();
        let own = parts.zip(&self.names).map(|(ty, name)| format!("/{ty}/{name}")).collect::<String>();
        format!("{}/providers/{namespace}{own}", self.scope)
    }

    /// The name of the resource itself.
    pub fn name(&self) -> &str {
        self.names.last().map(String::as_str).unwrap_or_default()
    }

    /// The id of the resource that this one is a part of; `None` when it stands on its own.
    pub fn parent(&self) -> Option<String> {
        if self.names.len() < 2 {
            return None;
        }
        let names = self.names[..self.names.len() - 1].to_vec();
        let ty = self.ty.rsplit_once('/').map(|(above, _)| above.to_owned()).unwrap_or_default();
        Some(Self { ty, names, rest: None, ..self.clone() }.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        let path = "/subscriptions/s/resourcegroups/g/providers/Microsoft.Web/sites/a/config/appsettings/list";
        let place = Place::read(path).unwrap();
        assert_eq!(place.ty, "Microsoft.Web/sites/config");
        assert_eq!(place.names, ["a", "appsettings"]);
        assert_eq!(place.rest.as_deref(), Some("list"));
        assert_eq!(place.parent().unwrap(), "/subscriptions/s/resourcegroups/g/providers/Microsoft.Web/sites/a");
        assert_eq!(place.group.as_deref(), Some("g"));
    }
}
