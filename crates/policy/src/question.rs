//! A question to the policies, in Cedar's terms.
//!
//! Each carries only what it is about: the principal with its groups, and one entitlement or the audit. Names keep to
//! `policies/stint.cedarschema`; a test holds every question against it.

use crate::actions;
use crate::decision::{Ask, Requester};
use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, ParseErrors, Request,
    RestrictedExpression,
};
use std::collections::{BTreeSet, HashMap, HashSet};
use stint_domain::entitlement::Entitlement;
use stint_domain::hours::Zone;
use stint_domain::ids::{EntitlementId, GroupName, PrincipalId};
use stint_domain::principal::{Authentication, Person};

/// The names of the kinds of entity, parsed once.
pub(crate) struct Vocabulary {
    action: EntityTypeName,
    audit: EntityTypeName,
    entitlement: EntityTypeName,
    group: EntityTypeName,
    user: EntityTypeName,
}

pub(crate) struct Question {
    pub(crate) request: Request,
    pub(crate) entities: Entities,
}

type Attributes = HashMap<String, RestrictedExpression>;

impl Vocabulary {
    pub(crate) fn new() -> Result<Self, Box<ParseErrors>> {
        Ok(Self {
            action: "Stint::Action".parse()?,
            audit: "Stint::Audit".parse()?,
            entitlement: "Stint::Entitlement".parse()?,
            group: "Stint::Group".parse()?,
            user: "Stint::User".parse()?,
        })
    }

    /// May `person` do `action` about `entitlement`? `deciding` is about whose request, and how they have proved who they are,
    /// where somebody decides.
    /// `None` if Cedar refuses a value.
    pub(crate) fn about_entitlement(
        &self,
        person: &Person,
        action: &str,
        entitlement: &Entitlement,
        ask: &Ask,
        deciding: Option<(Requester<'_>, Authentication)>,
    ) -> Option<Question> {
        let mut context = context(ask, &entitlement.zone);
        let user = |id| RestrictedExpression::new_entity_uid(self.user(id));
        if let Some((Requester { id, manager }, by)) = deciding {
            context.push(("signed_in".to_owned(), truth(by.is_signed_in())));
            context.push(("requester".to_owned(), user(id)));
            context.extend(manager.map(|manager| ("requester_manager".to_owned(), user(manager))));
        }
        let resource = self.entitlement(entitlement, ask.people)?;
        self.question(self.person(person, Some(ask))?, action, resource, context)
    }

    /// May `person` do `action` to a grant that `requester` has? An entitlement that is no longer in the catalog has
    /// nobody in its groups.
    pub(crate) fn about_grant(
        &self,
        person: &Person,
        action: &str,
        id: &EntitlementId,
        entitlement: Option<&Entitlement>,
        requester: &PrincipalId,
    ) -> Option<Question> {
        let resource = self.known_or_forgotten(id, entitlement)?;
        self.question(self.person(person, None)?, action, resource, vec![self.requester(requester)])
    }

    /// May `person` review what `requester` has taken? Whose review it takes is the request's own, as the catalog was then.
    pub(crate) fn about_review(
        &self,
        person: &Person,
        id: &EntitlementId,
        entitlement: Option<&Entitlement>,
        requester: &PrincipalId,
        reviewers: &BTreeSet<GroupName>,
    ) -> Option<Question> {
        let resource = self.known_or_forgotten(id, entitlement)?;
        let reviewers = ("reviewers".to_owned(), self.group_set(reviewers));
        let context = vec![self.requester(requester), reviewers];
        self.question(self.person(person, None)?, actions::REVIEW, resource, context)
    }

    fn known_or_forgotten(&self, id: &EntitlementId, entitlement: Option<&Entitlement>) -> Option<Entity> {
        match entitlement {
            Some(entitlement) => self.entitlement(entitlement, None),
            None => self.forgotten(id),
        }
    }

    fn requester(&self, requester: &PrincipalId) -> (String, RestrictedExpression) {
        ("requester".to_owned(), RestrictedExpression::new_entity_uid(self.user(requester)))
    }

    /// May `person` do `action` to the audit?
    pub(crate) fn about_audit(&self, person: &Person, action: &str) -> Option<Question> {
        let audit = Entity::new_no_attrs(uid(&self.audit, "audit"), HashSet::new());
        self.question(self.person(person, None)?, action, audit, Vec::new())
    }

    fn question(
        &self,
        (person, groups): (Entity, Vec<Entity>),
        action: &str,
        resource: Entity,
        context: Vec<(String, RestrictedExpression)>,
    ) -> Option<Question> {
        let context = Context::from_pairs(context).ok()?;
        let action = uid(&self.action, action);
        let request = Request::new(person.uid(), action, resource.uid(), context, None).ok()?;
        let entities = groups.into_iter().chain([person, resource]);
        Some(Question { request, entities: Entities::from_entities(entities, None).ok()? })
    }

    /// With their groups. Whether they are at work is told where somebody asks or decides, and nowhere that access ends.
    fn person(&self, person: &Person, ask: Option<&Ask>) -> Option<(Entity, Vec<Entity>)> {
        let mut attributes = Attributes::from([("kind".to_owned(), text(person.engagement.kind().as_str()))]);
        if let Some(contract) = person.engagement.contract() {
            let sponsor = RestrictedExpression::new_entity_uid(self.user(&contract.sponsor));
            attributes.insert("sponsor".to_owned(), sponsor);
            attributes.insert("contract_end".to_owned(), number(contract.ends_at.as_second()));
        }
        attributes.extend(person.department.as_deref().map(|name| ("department".to_owned(), text(name))));
        let manager = person.manager.as_ref().map(|id| RestrictedExpression::new_entity_uid(self.user(id)));
        attributes.extend(manager.map(|manager| ("manager".to_owned(), manager)));
        let at_work = ask.zip(person.working_hours.as_ref());
        // Whoever has not acted yet still can, when they are at work.
        let at_work = at_work.map(|(ask, hours)| ask.origin.is_none() || hours.contain(ask.at));
        attributes.extend(at_work.map(|at_work| ("in_working_hours".to_owned(), truth(at_work))));
        let groups = self.groups(&person.groups).map(|group| Entity::new_no_attrs(group, HashSet::new()));
        let known =
            Entity::new(self.user(&person.id), attributes, self.groups(&person.groups).collect()).ok()?;
        Some((known, groups.collect()))
    }

    /// `people` are those whom the rule of a request that was made takes, should they be fewer than the catalog's.
    fn entitlement(&self, entitlement: &Entitlement, people: Option<usize>) -> Option<Entity> {
        let mut attributes = Attributes::from([
            ("risk".to_owned(), text(entitlement.risk.as_str())),
            ("kind".to_owned(), text(entitlement.access.name())),
            ("actions".to_owned(), actions_of(entitlement)),
            ("requesters".to_owned(), self.group_set(&entitlement.requesters)),
            ("approvers".to_owned(), self.group_set(&entitlement.approvers)),
            ("manager_approves".to_owned(), truth(entitlement.approval.asks_the_manager())),
            ("people_needed".to_owned(), number(people_needed(entitlement, people))),
            ("max_duration_seconds".to_owned(), number(entitlement.max_duration.seconds())),
            ("break_glass_users".to_owned(), self.group_set(in_emergencies(entitlement).0)),
            ("break_glass_seconds".to_owned(), number(in_emergencies(entitlement).1)),
        ]);
        let environment = entitlement.environment.as_ref().map(|name| text(name.as_str()));
        attributes.extend(environment.map(|name| ("environment".to_owned(), name)));
        let owner = entitlement.owner.as_ref().map(|group| uid(&self.group, group.as_str()));
        attributes
            .extend(owner.map(|group| ("owner".to_owned(), RestrictedExpression::new_entity_uid(group))));
        attributes.extend(entitlement.access.target().map(|target| ("target".to_owned(), text(target))));
        let account = entitlement.access.account().map(|account| text(account.id()));
        attributes.extend(account.map(|account| ("account".to_owned(), account)));
        Entity::new(uid(&self.entitlement, entitlement.id.as_str()), attributes, HashSet::new()).ok()
    }

    fn forgotten(&self, id: &EntitlementId) -> Option<Entity> {
        let nobody = || RestrictedExpression::new_set([]);
        let attributes = Attributes::from([
            ("risk".to_owned(), text("critical")),
            ("kind".to_owned(), text("not_in_catalog")),
            ("actions".to_owned(), nobody()),
            ("requesters".to_owned(), nobody()),
            ("approvers".to_owned(), nobody()),
            ("manager_approves".to_owned(), truth(false)),
            ("people_needed".to_owned(), number(1)),
            ("max_duration_seconds".to_owned(), number(0)),
            ("break_glass_users".to_owned(), nobody()),
            ("break_glass_seconds".to_owned(), number(0)),
        ]);
        Entity::new(uid(&self.entitlement, id.as_str()), attributes, HashSet::new()).ok()
    }

    fn user(&self, id: &PrincipalId) -> EntityUid {
        uid(&self.user, id.as_str())
    }

    fn groups(&self, names: &BTreeSet<GroupName>) -> impl Iterator<Item = EntityUid> {
        names.iter().map(|name| uid(&self.group, name.as_str()))
    }

    fn group_set(&self, names: &BTreeSet<GroupName>) -> RestrictedExpression {
        RestrictedExpression::new_set(self.groups(names).map(RestrictedExpression::new_entity_uid))
    }
}

fn context(ask: &Ask, zone: &Zone) -> Vec<(String, RestrictedExpression)> {
    let (hour, weekday) = zone.hour_and_weekday(ask.at);
    let mut context = vec![
        ("duration_seconds".to_owned(), number(ask.duration.seconds())),
        ("hour".to_owned(), number(hour)),
        ("weekday".to_owned(), number(weekday)),
        ("has_ticket".to_owned(), truth(ask.has_ticket)),
        ("justification_characters".to_owned(), number(ask.justification_characters)),
        // Whoever has not acted yet still can, with a second factor.
        ("mfa".to_owned(), truth(ask.origin.is_none_or(|origin| origin.mfa))),
    ];
    let address = ask.origin.map(|origin| RestrictedExpression::new_ip(origin.address.to_string()));
    context.extend(address.map(|address| ("source_address".to_owned(), address)));
    context
}

fn actions_of(entitlement: &Entitlement) -> RestrictedExpression {
    let actions = entitlement.access.permissions().iter().flat_map(|permission| &permission.actions);
    let actions: BTreeSet<_> = actions.map(String::as_str).collect();
    RestrictedExpression::new_set(actions.into_iter().map(text))
}

/// Who may have it without asking, and for how many seconds: nobody, where the catalog says nothing of that.
fn in_emergencies(entitlement: &Entitlement) -> (&BTreeSet<GroupName>, u32) {
    static NOBODY: BTreeSet<GroupName> = BTreeSet::new();
    entitlement
        .break_glass
        .as_ref()
        .map_or((&NOBODY, 0), |terms| (&terms.users, terms.max_duration.seconds()))
}

fn people_needed(entitlement: &Entitlement, by_request: Option<usize>) -> i64 {
    let people = entitlement.approval.people().min(by_request.unwrap_or(usize::MAX));
    i64::try_from(people).unwrap_or(i64::MAX)
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn truth(value: bool) -> RestrictedExpression {
    RestrictedExpression::new_bool(value)
}

fn number(value: impl Into<i64>) -> RestrictedExpression {
    RestrictedExpression::new_long(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cedar_policy::Schema;
    use std::fs;
    use stint_domain::principal::Origin;

    const CATALOG: &str = r#"{ "entitlement": [{
        "id": "thing", "title": "Thing", "description": "A thing.", "risk": "low",
        "access": { "kind": "iam_user_elevation", "permissions": [] }, "max_duration": "1h", "decide_within": "1h",
        "requesters": ["engineers"], "approvers": ["leads"]
    }] }"#;

    fn schema() -> Schema {
        let path = concat!(env!("STINT_POLICIES_FOLDER"), "/stint.cedarschema");
        Schema::from_cedarschema_str(&fs::read_to_string(path).unwrap()).unwrap().0
    }

    fn conforms(question: &Question, schema: &Schema) -> bool {
        let request = &question.request;
        let (principal, action) = (request.principal().unwrap(), request.action().unwrap());
        let context = request.context().unwrap().clone();
        let resource = request.resource().unwrap();
        Request::new(principal.clone(), action.clone(), resource.clone(), context, Some(schema)).is_ok()
            && Entities::from_entities(question.entities.iter().cloned(), Some(schema)).is_ok()
    }

    #[test]
    fn every_question_keeps_to_the_schema() {
        let (schema, vocabulary) = (schema(), Vocabulary::new().unwrap());
        let catalog = crate::catalog::parse(CATALOG).unwrap();
        let thing = catalog.values().next().unwrap();
        let people = crate::sample::organisation();
        let called = |name: &str| people.iter().find(|one| one.username == name).unwrap();
        let (ana, dora) = (called("ana").person("ana".parse().unwrap()), called("dora"));
        let dora = dora.person("dora".parse().unwrap());
        assert!(dora.engagement.contract().is_some());
        let ask = Ask {
            duration: thing.max_duration,
            at: jiff::Timestamp::UNIX_EPOCH,
            has_ticket: true,
            justification_characters: 20,
            origin: Some(Origin { address: "2001:db8::7".parse().unwrap(), mfa: true }),
            people: None,
        };
        let about =
            |action, requester| vocabulary.about_entitlement(&ana, action, thing, &ask, requester).unwrap();

        assert!(conforms(&about("request", None), &schema));
        let contracted = vocabulary.about_entitlement(&dora, "request", thing, &ask, None).unwrap();
        assert!(conforms(&contracted, &schema));
        assert!(conforms(&about("auto-approve", None), &schema));
        assert!(conforms(&about("break-glass", None), &schema));
        for known in [Some(thing), None] {
            let review = vocabulary.about_review(&ana, &thing.id, known, &dora.id, &ana.groups).unwrap();
            assert!(conforms(&review, &schema));
        }
        let by_ana = (Requester { id: &ana.id, manager: None }, Authentication::MailLink);
        assert!(conforms(&about("approve", Some(by_ana)), &schema));
        assert!(conforms(
            &about("approve", Some((Requester { manager: Some(&dora.id), ..by_ana.0 }, by_ana.1))),
            &schema
        ));
        for action in ["revoke", "force-close"] {
            let known = vocabulary.about_grant(&ana, action, &thing.id, Some(thing), &ana.id).unwrap();
            let forgotten = vocabulary.about_grant(&ana, action, &thing.id, None, &ana.id).unwrap();
            assert!(conforms(&known, &schema) && conforms(&forgotten, &schema), "{action}");
        }
        assert!(conforms(&vocabulary.about_audit(&ana, "read-audit").unwrap(), &schema));
        assert!(conforms(&vocabulary.about_audit(&ana, "export-audit").unwrap(), &schema));
        assert!(!conforms(&about("approve", None), &schema), "the check can fail");
        assert!(!conforms(&about("read-audit", None), &schema), "the check can fail");
    }
}
