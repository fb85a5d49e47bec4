//! Who may call a component, and what the component may do to others.

use super::measures::Refusal;
use crate::model::value::Partial;

/// Something that a component may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    actions: Vec<String>,
    on: Partial,
}

impl Permission {
    /// These actions, as the cloud names them, on one thing. The thing may be known only after apply.
    ///
    /// # Errors
    /// When everything would be allowed, or nothing.
    pub fn new(actions: Vec<String>, on: Partial) -> Result<Self, Refusal> {
        if actions.is_empty() {
            return Err(Refusal::new(
                "a permission allows nothing",
                "name the actions: `allow = [\"dynamodb:GetItem\"]`",
            ));
        }
        let is_everything = |text: &str| text == "*" || text.ends_with(":*");
        if let Some(action) = actions.iter().find(|action| is_everything(action)) {
            let why = format!("`{action}` would allow whatever there is");
            return Err(Refusal::new(why, "name the actions that the program needs, each by its own name"));
        }
        match on.as_str() {
            Some("*") => Err(Refusal::new(
                "a permission on `*` reaches everything in the account",
                "name the one thing it is for",
            )),
            _ => Ok(Self { actions, on }),
        }
    }

    /// The actions.
    pub fn actions(&self) -> &[String] {
        &self.actions
    }

    /// What they are allowed on: an identifier of the cloud's own, perhaps a hole.
    pub fn on(&self) -> &Partial {
        &self.on
    }
}

/// How callers prove who they are before the program sees a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// By a JSON Web Token in the header `Authorization`, signed by an issuer that publishes its keys (OpenID Connect).
    Jwt {
        /// The issuer's address; perhaps a hole.
        issuer: Partial,
        /// For whom the token must be meant; perhaps a hole, otherwise a list of at least one text.
        audience: Partial,
    },
}

impl Auth {
    /// By a token of this issuer for this audience.
    ///
    /// # Errors
    /// When the issuer is no `https` address, or the audience is empty.
    pub fn jwt(issuer: Partial, audience: Partial) -> Result<Self, Refusal> {
        if issuer.as_str().is_some_and(|issuer| !issuer.starts_with("https://")) {
            return Err(Refusal::new(
                "the issuer of tokens is an address that begins with https://",
                "write `issuer = \"https://…\"`",
            ));
        }
        match audience.as_list() {
            Some([]) => Err(Refusal::new("a token meant for nobody cannot be checked", "write `audience = [\"…\"]`")),
            _ => Ok(Self::Jwt { issuer, audience }),
        }
    }
}
