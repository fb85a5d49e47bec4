//! Ids of resources.

use std::fmt;

use siac_core::ports::Fault;

/// The type of resource groups, whose ids have no `providers` part.
const GROUP: &str = "Microsoft.Resources/resourceGroups";

/// The id of a resource, of a resource group, or of a subscription. Letter case carries no meaning in it, and services do not keep it.
#[derive(Debug, Clone)]
pub struct ResourceId(String);

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ResourceId {}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ResourceId {
    /// Reads an id.
    ///
    /// # Errors
    /// When it is not of the form `/subscriptions/…`, `/providers/…`, or has an empty or unsafe part.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let is_rooted = ["/subscriptions/", "/providers/"].iter().any(|root| starts_with(text, root));
        let is_sound = |part: &str| !part.is_empty() && part != "." && part != ".." && part.chars().all(is_safe);
        if is_rooted && text[1..].split('/').all(is_sound) {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::rejected(format!(
            "`{text}` is no id of a resource; such an id looks like `/subscriptions/ID/resourceGroups/NAME/providers/Namespace/type/name`"
        )))
    }

    /// The id of a subscription.
    ///
    /// # Errors
    /// As [`ResourceId::parse`].
    pub fn subscription(subscription: &str) -> Result<Self, Fault> {
        Self::parse(&format!("/subscriptions/{subscription}"))
    }

    /// The id of the resource of this type and name below a parent: a subscription, a resource group, a resource of the type above, or,
    /// for types that extend others, any resource.
    ///
    /// # Errors
    /// When the type cannot stand below this parent, or the name is unsafe.
    pub fn below(parent: &Self, ty: &str, name: &str) -> Result<Self, Fault> {
        let (above, own) = ty.rsplit_once('/').unwrap_or_default();
        let id = match () {
            () if ty.eq_ignore_ascii_case(GROUP) => format!("{parent}/resourceGroups/{name}"),
            () if parent.resource_type().eq_ignore_ascii_case(above) => format!("{parent}/{own}/{name}"),
            () if ty.matches('/').count() == 1 => format!("{parent}/providers/{ty}/{name}"),
            () => {
                return Err(Fault::rejected(format!(
                    "a `{ty}` cannot be a part of `{parent}`; its parent is a `{above}`"
                )));
            }
        };
        Self::parse(&id)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The type, such as `Microsoft.Web/sites/config`.
    pub fn resource_type(&self) -> String {
        match self.0.to_ascii_lowercase().rfind("/providers/") {
            Some(at) => {
                let mut parts = self.0[at + "/providers/".len()..].split('/');
                let namespace = parts.next().unwrap_or_default().to_owned();
                parts.step_by(2).fold(namespace, |ty, part| format!("{ty}/{part}"))
            }
            None if self.0.matches('/').count() > 2 => GROUP.to_owned(),
            None => "Microsoft.Resources/subscriptions".to_owned(),
        }
    }

    /// The resource, group or subscription that this is a part of; `None` for a subscription.
    pub fn parent(&self) -> Option<Self> {
        let (above, _) = self.0.rsplit_once('/')?;
        let (above, _) = above.rsplit_once('/')?;
        // `…/providers/Namespace/type/name` stands below what precedes `providers`.
        let above = match above.rsplit_once("/providers/") {
            Some((scope, namespace)) if !namespace.contains('/') => scope,
            _ => above,
        };
        (!above.is_empty()).then(|| Self(above.to_owned()))
    }
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

/// What may stand in a part of an id without changing which resource a request is about.
fn is_safe(c: char) -> bool {
    !c.is_control() && !c.is_whitespace() && !"?#%\\<>\"".contains(c)
}

/// The type and the api-version of a text such as `Microsoft.Web/sites@2024-04-01`.
pub fn split_type(text: &str) -> Option<(&str, &str)> {
    text.split_once('@').filter(|(ty, version)| ty.contains('/') && !version.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBSCRIPTION: &str = "/subscriptions/0000";
    const SITE: &str = "/subscriptions/0000/resourceGroups/rg/providers/Microsoft.Web/sites/app";

    fn id(text: &str) -> ResourceId {
        ResourceId::parse(text).unwrap()
    }

    #[test]
    fn types_and_parents_are_read_off_ids() {
        let cases = [
            (SUBSCRIPTION, "Microsoft.Resources/subscriptions", None),
            ("/subscriptions/0000/resourceGroups/rg", GROUP, Some(SUBSCRIPTION)),
            (SITE, "Microsoft.Web/sites", Some("/subscriptions/0000/resourceGroups/rg")),
            (&format!("{SITE}/config/web"), "Microsoft.Web/sites/config", Some(SITE)),
            (&format!("{SITE}/subscriptions/one"), "Microsoft.Web/sites/subscriptions", Some(SITE)),
            (
                &format!("{SITE}/providers/Microsoft.Authorization/locks/no"),
                "Microsoft.Authorization/locks",
                Some(SITE),
            ),
        ];
        for (text, ty, parent) in cases {
            assert_eq!(id(text).resource_type(), ty, "{text}");
            assert_eq!(id(text).parent().map(|id| id.0).as_deref(), parent, "{text}");
        }
    }

    #[test]
    fn ids_are_built_below_their_parents() {
        let below = |parent: &str, ty: &str, name: &str| ResourceId::below(&id(parent), ty, name).map(|id| id.0);
        let group = "/subscriptions/0000/resourceGroups/rg";
        assert_eq!(below(SUBSCRIPTION, GROUP, "rg").unwrap(), group);
        assert_eq!(below(group, "Microsoft.Web/sites", "app").unwrap(), SITE);
        assert_eq!(below(SITE, "microsoft.web/sites/config", "web").unwrap(), format!("{SITE}/config/web"));
        let lock = format!("{SITE}/providers/Microsoft.Authorization/locks/no");
        assert_eq!(below(SITE, "Microsoft.Authorization/locks", "no").unwrap(), lock);
        assert!(below(group, "Microsoft.Web/sites/config", "web").is_err());
        assert!(below(group, "Microsoft.Web/sites", "a?b").is_err());
        assert!(below(group, "Microsoft.Web/sites", "..").is_err());
        assert!(ResourceId::parse("rg").is_err());
    }

    #[test]
    fn letter_case_does_not_matter() {
        assert_eq!(id(SITE), id(&SITE.to_ascii_lowercase()));
    }
}
