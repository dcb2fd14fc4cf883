// github.com/ory/client-go, unmodified: the Go client that holds Keto's API. The scenarios are those of Keto's documentation,
// written anew.
package keto

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	ory "github.com/ory/client-go"
)

var (
	ctx    = context.Background()
	schema string
	client *ory.APIClient
)

func connect(key string) *ory.APIClient {
	configuration := ory.NewConfiguration()
	configuration.Servers = ory.ServerConfigurations{{URL: os.Getenv("KETO_URL")}}
	if key != "" {
		configuration.AddDefaultHeader("Authorization", "Bearer "+key)
	}
	return ory.NewAPIClient(configuration)
}

func TestMain(m *testing.M) {
	text, err := os.ReadFile("../schema.ts")
	if err != nil {
		panic(err)
	}
	schema = string(text)
	key := os.Getenv("KETO_API_KEY")
	client = connect(key)
	body, _ := json.Marshal(map[string]any{"schema": schema, "shared": []string{}})
	request, _ := http.NewRequest("PUT", os.Getenv("KETO_URL")+"/v1/permissions/namespaces", bytes.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil || answer.StatusCode != 200 {
		panic("the schema was not taken")
	}
	os.Exit(m.Run())
}

func text(value string) *string { return &value }

// tuple reads namespace:object#relation@subject, where the subject is an id or namespace:object#relation.
func tuple(line string) ory.Relationship {
	head, subject, _ := strings.Cut(line, "@")
	namespace, rest, _ := strings.Cut(head, ":")
	object, relation, _ := strings.Cut(rest, "#")
	made := ory.Relationship{Namespace: namespace, Object: object, Relation: relation}
	if of, is, found := strings.Cut(subject, "#"); found {
		space, name, _ := strings.Cut(of, ":")
		made.SubjectSet = &ory.SubjectSet{Namespace: space, Object: name, Relation: is}
	} else {
		made.SubjectId = text(subject)
	}
	return made
}

func write(t *testing.T, line string) {
	t.Helper()
	one := tuple(line)
	body := ory.CreateRelationshipBody{
		Namespace: &one.Namespace, Object: &one.Object, Relation: &one.Relation,
		SubjectId: one.SubjectId, SubjectSet: one.SubjectSet,
	}
	made, answer, err := client.RelationshipAPI.CreateRelationship(ctx).CreateRelationshipBody(body).Execute()
	if err != nil || answer.StatusCode != 201 {
		t.Fatalf("%s: %v", line, err)
	}
	if made.Object != one.Object || made.GetSubjectId() != one.GetSubjectId() {
		t.Errorf("%s came back as %+v", line, made)
	}
}

// allowed asks in the three ways that there are.
func allowed(t *testing.T, line string) bool {
	t.Helper()
	one := tuple(line)
	asked, _, err := client.PermissionAPI.CheckPermission(ctx).Namespace(one.Namespace).Object(one.Object).
		Relation(one.Relation).SubjectId(one.GetSubjectId()).Execute()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	posted, _, err := client.PermissionAPI.PostCheckPermission(ctx).PostCheckPermissionBody(ory.PostCheckPermissionBody{
		Namespace: &one.Namespace, Object: &one.Object, Relation: &one.Relation, SubjectId: one.SubjectId,
	}).Execute()
	if err != nil || posted.Allowed != asked.Allowed {
		t.Errorf("%s: posted %v, %v", line, posted, err)
	}
	_, answer, err := client.PermissionAPI.CheckPermissionOrError(ctx).Namespace(one.Namespace).Object(one.Object).
		Relation(one.Relation).SubjectId(one.GetSubjectId()).Execute()
	wanted := map[bool]int{true: 200, false: 403}[asked.Allowed]
	if answer == nil || answer.StatusCode != wanted || (err == nil) != asked.Allowed {
		t.Errorf("%s: by status %v, %v", line, answer, err)
	}
	return asked.Allowed
}

func expect(t *testing.T, wanted map[string]bool) {
	t.Helper()
	for line, is := range wanted {
		if allowed(t, line) != is {
			t.Errorf("%s is not %v", line, is)
		}
	}
}

func TestVideosInAFolderAreWatchedByEverybodyAndByTheirOwner(t *testing.T) {
	for _, line := range []string{
		"videos:/cats#owner@cat-lady",
		"videos:/cats/1.mp4#parent@videos:/cats#",
		"videos:/cats/2.mp4#parent@videos:/cats#",
		"videos:/cats/1.mp4#watcher@*",
	} {
		write(t, line)
	}
	expect(t, map[string]bool{
		"videos:/cats/2.mp4#view@cat-lady":                       true,
		"videos:/cats/2.mp4#view@dilbert":                        false,
		"videos:/cats/1.mp4#view@usr_01kjpwd6m0emptw6bw4v8qtn83": true,
	})
}

func leaves(tree ory.ExpandedPermissionTree) []string {
	if len(tree.Children) == 0 {
		return []string{tree.Tuple.GetSubjectId()}
	}
	var all []string
	for _, child := range tree.Children {
		all = append(all, leaves(child)...)
	}
	return all
}

func TestATeamSeesTheFilesOfItsFoldersAndAnExpansionShowsWhoThatIs(t *testing.T) {
	var changes []ory.RelationshipPatch
	for _, line := range []string{
		"teams:developers#members@patrik",
		"teams:everybody#members@teams:developers#members",
		"teams:everybody#members@henning",
		"folders:keto#viewers@teams:everybody#members",
		"folders:keto-src#parents@folders:keto#",
		"files:main.go#parents@folders:keto-src#",
		"files:main.go#owners@teams:developers#members",
	} {
		one := tuple(line)
		changes = append(changes, ory.RelationshipPatch{Action: text("insert"), RelationTuple: &one})
	}
	answer, err := client.RelationshipAPI.PatchRelationships(ctx).RelationshipPatch(changes).Execute()
	if err != nil || answer.StatusCode != 204 {
		t.Fatal(err)
	}
	expect(t, map[string]bool{
		"files:main.go#view@patrik":  true,
		"files:main.go#view@henning": true,
		"files:main.go#edit@patrik":  true,
		"files:main.go#edit@henning": false,
		"files:main.go#view@nobody":  false,
	})
	tree, _, err := client.PermissionAPI.ExpandPermissions(ctx).Namespace("folders").Object("keto").Relation("viewers").MaxDepth(5).Execute()
	if err != nil || tree.Type != "union" {
		t.Fatalf("%+v: %v", tree, err)
	}
	found := leaves(*tree)
	slices.Sort(found)
	if !slices.Equal(found, []string{"henning", "patrik"}) {
		t.Error(found)
	}
}

func TestWhoeverIsBannedReadsAndDoesNotPost(t *testing.T) {
	for _, line := range []string{"rooms:lobby#member@ann", "rooms:lobby#member@bob", "rooms:lobby#banned@bob"} {
		write(t, line)
	}
	expect(t, map[string]bool{"rooms:lobby#post@ann": true, "rooms:lobby#post@bob": false, "rooms:lobby#read@bob": true})
	tuples := []ory.Relationship{tuple("rooms:lobby#post@ann"), tuple("rooms:lobby#post@bob"), tuple("nothing:a#b@c")}
	batch, _, err := client.PermissionAPI.BatchCheckPermission(ctx).BatchCheckPermissionBody(ory.BatchCheckPermissionBody{Tuples: tuples}).Execute()
	if err != nil || len(batch.Results) != 3 {
		t.Fatalf("%+v: %v", batch, err)
	}
	if !batch.Results[0].Allowed || batch.Results[1].Allowed || !strings.Contains(batch.Results[2].GetError(), "nothing") {
		t.Errorf("%+v", batch.Results)
	}
}

func TestTuplesAreListedInPagesAndDeletedByWhatTheyName(t *testing.T) {
	for _, room := range []string{"0", "1", "2", "3", "4"} {
		write(t, "rooms:room-"+room+"#owner@carol")
	}
	var seen []string
	for token := ""; ; {
		call := client.RelationshipAPI.GetRelationships(ctx).Namespace("rooms").Relation("owner").SubjectId("carol").PageSize(2)
		if token != "" {
			call = call.PageToken(token)
		}
		page, _, err := call.Execute()
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range page.RelationTuples {
			seen = append(seen, one.Object)
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	if !slices.Equal(seen, []string{"room-0", "room-1", "room-2", "room-3", "room-4"}) {
		t.Error(seen)
	}
	gone, err := client.RelationshipAPI.DeleteRelationships(ctx).Namespace("rooms").SubjectId("carol").Execute()
	if err != nil || gone.StatusCode != 204 {
		t.Fatal(err)
	}
	left, _, err := client.RelationshipAPI.GetRelationships(ctx).Namespace("rooms").SubjectId("carol").Execute()
	if err != nil || len(left.RelationTuples) != 0 {
		t.Errorf("%+v: %v", left, err)
	}
	_, answer, err := client.RelationshipAPI.GetRelationships(ctx).Namespace("nothing").Execute()
	if err == nil || answer.StatusCode != 404 {
		t.Errorf("an unknown namespace: %v", err)
	}
}

func TestNamespacesAndSyntaxAreTold(t *testing.T) {
	told, _, err := client.RelationshipAPI.ListRelationshipNamespaces(ctx).Execute()
	if err != nil || !slices.ContainsFunc(told.Namespaces, func(one ory.Namespace) bool { return one.GetName() == "files" }) {
		t.Errorf("%+v: %v", told, err)
	}
	fine, _, err := client.RelationshipAPI.CheckOplSyntax(ctx).Body(schema).Execute()
	if err != nil || len(fine.Errors) != 0 {
		t.Errorf("%+v: %v", fine, err)
	}
	wrong, _, err := client.RelationshipAPI.CheckOplSyntax(ctx).Body("class files implements Namespace { related: 1 }").Execute()
	if err != nil || len(wrong.Errors) == 0 || wrong.Errors[0].Start.GetLine() != 1 {
		t.Errorf("%+v: %v", wrong, err)
	}
}

func TestWhoeverShowsNoKeyIsToldSoInKetosForm(t *testing.T) {
	_, answer, err := connect("").RelationshipAPI.GetRelationships(ctx).Execute()
	if err == nil || answer.StatusCode != 401 {
		t.Fatalf("%v", err)
	}
	var refused *ory.GenericOpenAPIError
	if found, ok := err.(*ory.GenericOpenAPIError); ok {
		refused = found
	}
	if refused == nil || !strings.Contains(string(refused.Body()), `"code":401`) {
		t.Errorf("%v", err)
	}
}
