//! What a credential may be good for.

macro_rules! scopes {
    ($( $(#[doc = $doc:literal])* $variant:ident = $word:literal; )*) => {
        /// One right, as it is written in keys, problems and the documentation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Scope { $( $(#[doc = $doc])* $variant, )* }

        impl Scope {
            /// All of them, in the order of the documentation.
            pub const ALL: &[Self] = &[ $( Self::$variant, )* ];

            /// The word in the API.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $( Self::$variant => $word, )* }
            }
        }
    };
}

scopes! {
    /// See an app, its scripts, routes, domains and deployments.
    ScriptRead = "script:read";
    /// Change scripts.
    ScriptWrite = "script:write";
    /// Run scripts by id.
    ScriptExecute = "script:execute";
    /// Change routes, schedules and triggers.
    RouteWrite = "route:write";
    /// Claim and release domains.
    DomainWrite = "domain:write";
    /// Set secrets and see their names.
    SecretWrite = "secret:write";
    /// Read an app's data.
    DataRead = "data:read";
    /// Change an app's data.
    DataWrite = "data:write";
    /// Read executions and logs.
    LogRead = "log:read";
    /// Rename or delete an app; its members, limits and egress.
    AppAdmin = "app:admin";
    /// Create apps; admins and the instance's audit.
    InstanceAdmin = "instance:admin";
}

impl Scope {
    /// The scope of a word, or `None` if there is no such scope.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.word() == word)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u16);

impl Scopes {
    /// The set of `scopes`.
    #[must_use]
    pub const fn of(scopes: &[Scope]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < scopes.len() {
            bits |= scopes[at].bit();
            at += 1;
        }
        Self(bits)
    }

    /// The set of words, as the store has them. A word of a later version grants nothing here.
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        Self(words.into_iter().filter_map(Scope::parse).fold(0, |bits, scope| bits | scope.bit()))
    }

    /// Whether `scope` is in the set.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The members, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.contains(*scope))
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}
