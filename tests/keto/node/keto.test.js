// @ory/keto-client, unmodified. The scenarios are those of Keto's documentation, written anew.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";

import keto from "@ory/keto-client";

const { Configuration, MetadataApi, PermissionApi, RelationshipApi } = keto;
const configuration = new Configuration({ basePath: process.env.KETO_URL, accessToken: process.env.KETO_API_KEY });
const headers = { Authorization: `Bearer ${process.env.KETO_API_KEY}` };
const options = { headers };
const relationships = new RelationshipApi(configuration);
const permissions = new PermissionApi(configuration);
const schema = readFileSync(new URL("../schema.ts", import.meta.url), "utf8");

const tuple = (namespace, object, relation, subject_id) => ({ namespace, object, relation, subject_id });
const set = (namespace, object, relation, subject_set) => ({ namespace, object, relation, subject_set });
const write = (body) => relationships.createRelationship({ createRelationshipBody: body }, options);

async function allowed(namespace, object, relation, subjectId) {
  const question = { namespace, object, relation, subjectId };
  const answer = await permissions.checkPermission(question, options);
  const posted = await permissions.postCheckPermission(
    { postCheckPermissionBody: tuple(namespace, object, relation, subjectId) },
    options,
  );
  const error = (call) => call.then(
    () => true,
    (refusal) => {
      assert.equal(refusal.response.status, 403);
      assert.deepEqual(refusal.response.data, { allowed: false });
      return false;
    },
  );
  const byStatus = await error(permissions.checkPermissionOrError(question, options));
  assert.equal(posted.data.allowed, answer.data.allowed);
  assert.equal(byStatus, answer.data.allowed);
  return answer.data.allowed;
}

before(async () => {
  const answer = await fetch(`${process.env.KETO_URL}/v1/permissions/namespaces`, {
    method: "PUT",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ schema, shared: [] }),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
});

test("videos in a folder are watched by everybody, and by their owner", async () => {
  for (const body of [
    tuple("videos", "/cats", "owner", "cat-lady"),
    set("videos", "/cats/1.mp4", "parent", { namespace: "videos", object: "/cats", relation: "" }),
    set("videos", "/cats/2.mp4", "parent", { namespace: "videos", object: "/cats", relation: "" }),
    tuple("videos", "/cats/1.mp4", "watcher", "*"),
  ]) {
    const made = await write(body);
    assert.equal(made.status, 201);
    assert.deepEqual(made.data, body);
  }
  assert.equal(await allowed("videos", "/cats/2.mp4", "view", "cat-lady"), true);
  assert.equal(await allowed("videos", "/cats/2.mp4", "view", "dilbert"), false);
  assert.equal(await allowed("videos", "/cats/1.mp4", "view", "usr_01kjpwd6m0emptw6bw4v8qtn83"), true);
});

test("a team sees the files of its folders, and an expansion shows who that is", async () => {
  const team = (object) => ({ namespace: "teams", object, relation: "members" });
  const changes = [
    tuple("teams", "developers", "members", "patrik"),
    set("teams", "everybody", "members", team("developers")),
    tuple("teams", "everybody", "members", "henning"),
    set("folders", "keto", "viewers", team("everybody")),
    set("folders", "keto-src", "parents", { namespace: "folders", object: "keto", relation: "" }),
    set("files", "main.go", "parents", { namespace: "folders", object: "keto-src", relation: "" }),
    set("files", "main.go", "owners", team("developers")),
  ].map((relation_tuple) => ({ action: "insert", relation_tuple }));
  const patched = await relationships.patchRelationships({ relationshipPatch: changes }, options);
  assert.equal(patched.status, 204);
  for (const [relation, who, held] of [
    ["view", "patrik", true],
    ["view", "henning", true],
    ["edit", "patrik", true],
    ["edit", "henning", false],
    ["view", "nobody", false],
  ]) {
    assert.equal(await allowed("files", "main.go", relation, who), held, `${relation} ${who}`);
  }
  const question = { namespace: "folders", object: "keto", relation: "viewers", maxDepth: 5 };
  const { data } = await permissions.expandPermissions(question, options);
  assert.equal(data.type, "union");
  const leaves = (tree) => (tree.children ? tree.children.flatMap(leaves) : [tree.tuple.subject_id]);
  assert.deepEqual(leaves(data).sort(), ["henning", "patrik"]);
});

test("whoever is banned reads and does not post", async () => {
  for (const body of [
    tuple("rooms", "lobby", "member", "ann"),
    tuple("rooms", "lobby", "member", "bob"),
    tuple("rooms", "lobby", "banned", "bob"),
  ]) {
    await write(body);
  }
  assert.deepEqual(
    await Promise.all(["ann", "bob"].map((who) => allowed("rooms", "lobby", "post", who))),
    [true, false],
  );
  assert.equal(await allowed("rooms", "lobby", "read", "bob"), true);
  const tuples = [tuple("rooms", "lobby", "post", "ann"), tuple("rooms", "lobby", "post", "bob"), tuple("nothing", "a", "b", "c")];
  const batch = await permissions.batchCheckPermission({ batchCheckPermissionBody: { tuples } }, options);
  assert.deepEqual(batch.data.results.map((one) => one.allowed), [true, false, false]);
  assert.match(batch.data.results[2].error, /nothing/);
});

test("tuples are listed in pages, and deleted by what they name", async () => {
  for (let n = 0; n < 5; n += 1) {
    await write(tuple("rooms", `room-${n}`, "owner", "carol"));
  }
  const seen = [];
  let pageToken;
  do {
    const query = { namespace: "rooms", relation: "owner", subjectId: "carol", pageSize: 2, pageToken };
    const { data } = await relationships.getRelationships(query, options);
    seen.push(...data.relation_tuples.map((one) => one.object));
    pageToken = data.next_page_token;
  } while (pageToken);
  assert.deepEqual(seen, ["room-0", "room-1", "room-2", "room-3", "room-4"]);
  const gone = await relationships.deleteRelationships({ namespace: "rooms", subjectId: "carol" }, options);
  assert.equal(gone.status, 204);
  const left = await relationships.getRelationships({ namespace: "rooms", subjectId: "carol" }, options);
  assert.deepEqual(left.data.relation_tuples, []);
  const unknown = relationships.getRelationships({ namespace: "nothing" }, options);
  await assert.rejects(unknown, ({ response }) => {
    assert.equal(response.status, 404);
    assert.equal(response.data.error.reason, 'Unknown namespace "nothing".');
    return true;
  });
});

test("namespaces, syntax, health and version are told", async () => {
  const { data } = await relationships.listRelationshipNamespaces(options);
  assert.ok(data.namespaces.some(({ name }) => name === "files"));
  const fine = await relationships.checkOplSyntax({ body: schema }, options);
  assert.deepEqual(fine.data.errors, []);
  const wrong = await relationships.checkOplSyntax({ body: "class files implements Namespace { related: 1 }" }, options);
  assert.equal(wrong.data.errors[0].start.Line, 1);
  const metadata = new MetadataApi(configuration);
  assert.equal((await metadata.isAlive()).data.status, "ok");
  assert.equal((await metadata.isReady()).data.status, "ok");
  assert.match((await metadata.getVersion()).data.version, /^\d/);
});

test("whoever shows no key is told so in Keto's form", async () => {
  await assert.rejects(new RelationshipApi(new Configuration({ basePath: process.env.KETO_URL })).getRelationships(), ({ response }) => {
    assert.equal(response.status, 401);
    assert.equal(response.data.error.code, 401);
    return true;
  });
});
