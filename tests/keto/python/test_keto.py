"""ory-keto-client, unmodified. The scenarios are those of Keto's documentation, written anew."""

import os
import pathlib

import ory_keto_client as keto
import pytest
import requests
from ory_keto_client.exceptions import ForbiddenException, NotFoundException, UnauthorizedException

URL, KEY = os.environ["KETO_URL"], os.environ["KETO_API_KEY"]
SCHEMA = (pathlib.Path(__file__).parents[1] / "schema.ts").read_text()


@pytest.fixture(scope="module")
def client():
    body = {"schema": SCHEMA, "shared": []}
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = requests.put(f"{URL}/v1/permissions/namespaces", json=body, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    with keto.ApiClient(keto.Configuration(host=URL)) as client:
        client.set_default_header("Authorization", f"Bearer {KEY}")
        yield client


@pytest.fixture
def relationships(client):
    return keto.RelationshipApi(client)


@pytest.fixture
def permissions(client):
    return keto.PermissionApi(client)


def members(team: str) -> keto.SubjectSet:
    return keto.SubjectSet(namespace="teams", object=team, relation="members")


def write(relationships, namespace, object, relation, subject):
    kind = "subject_id" if isinstance(subject, str) else "subject_set"
    body = keto.CreateRelationshipBody(namespace=namespace, object=object, relation=relation, **{kind: subject})
    made = relationships.create_relationship(create_relationship_body=body)
    assert (made.namespace, made.object, made.relation) == (namespace, object, relation)


def allowed(permissions, namespace, object, relation, subject):
    question = {"namespace": namespace, "object": object, "relation": relation, "subject_id": subject}
    answer = permissions.check_permission(**question).allowed
    try:
        by_status = permissions.check_permission_or_error(**question).allowed
    except ForbiddenException:
        by_status = False
    assert by_status == answer
    return answer


def test_a_message_is_seen_by_whoever_is_in_the_chat(relationships, permissions):
    write(relationships, "teams", "memes", "members", "vincent")
    write(relationships, "teams", "memes", "members", "julia")
    write(relationships, "teams", "coffee-break", "members", members("memes"))
    write(relationships, "files", "01", "viewers", members("coffee-break"))
    write(relationships, "files", "01", "owners", "patrik")
    assert [allowed(permissions, "files", "01", "view", who) for who in ("julia", "patrik", "eve")] == [
        True,
        True,
        False,
    ]
    assert allowed(permissions, "files", "01", "edit", "patrik")
    assert not allowed(permissions, "files", "01", "edit", "julia")


def test_a_batch_is_answered_in_order(relationships, permissions):
    write(relationships, "rooms", "studio", "member", "ann")
    tuples = [
        keto.Relationship(namespace="rooms", object="studio", relation="read", subject_id=who)
        for who in ("ann", "eve")
    ]
    body = keto.BatchCheckPermissionBody(tuples=tuples)
    results = permissions.batch_check_permission(batch_check_permission_body=body).results
    assert [result.allowed for result in results] == [True, False]


def test_an_expansion_is_a_tree(relationships, permissions):
    write(relationships, "folders", "shared", "viewers", members("readers"))
    write(relationships, "teams", "readers", "members", "ann")
    tree = permissions.expand_permissions(namespace="folders", object="shared", relation="viewers", max_depth=4)
    assert tree.type == "union"
    (team,) = tree.children
    assert team.type == "union"
    (leaf,) = team.children
    assert (leaf.type, leaf.tuple.subject_id, leaf.children) == ("leaf", "ann", None)


def test_changes_are_made_together_and_lists_have_pages(relationships):
    changes = [
        keto.RelationshipPatch(
            action="insert",
            relation_tuple=keto.Relationship(namespace="videos", object=f"v{n}", relation="owner", subject_id="bob"),
        )
        for n in range(5)
    ]
    relationships.patch_relationships(relationship_patch=changes)
    seen, token = [], None
    while token != "":
        page = relationships.get_relationships(
            namespace="videos", subject_id="bob", page_size=2, **({"page_token": token} if token else {})
        )
        seen += [one.object for one in page.relation_tuples]
        token = page.next_page_token
    assert seen == [f"v{n}" for n in range(5)]
    relationships.delete_relationships(namespace="videos", subject_id="bob")
    assert relationships.get_relationships(namespace="videos", subject_id="bob").relation_tuples == []


def test_what_is_not_there_is_told(relationships, permissions):
    assert not allowed(permissions, "nothing", "a", "b", "c")
    with pytest.raises(NotFoundException, match="nothing"):
        relationships.get_relationships(namespace="nothing")
    with keto.ApiClient(keto.Configuration(host=URL)) as nobody, pytest.raises(UnauthorizedException):
        keto.RelationshipApi(nobody).get_relationships()


def test_namespaces_syntax_health_and_version_are_told(client, relationships):
    names = [one.name for one in relationships.list_relationship_namespaces().namespaces]
    assert {"organizations", "files"} <= set(names)
    assert relationships.check_opl_syntax(body=SCHEMA).errors == []
    (error, *_) = relationships.check_opl_syntax(body="class files").errors
    assert error.start.line == 1
    metadata = keto.MetadataApi(client)
    assert (metadata.is_alive().status, metadata.is_ready().status) == ("ok", "ok")
    assert metadata.get_version().version
