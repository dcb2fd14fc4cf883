// Package oidc drives a server by relying parties of others.
package oidc

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

const (
	callback  = "http://127.0.0.1/callback"
	signedOut = "http://127.0.0.1/signed-out"
	password  = "violet-harbour-quilt-93"
	assertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

var (
	issuer = os.Getenv("OIDC_ISSUER")
	scopes = []string{"openid", "profile", "email", "offline_access"}
)

type object = map[string]any

// within is a time that nothing here takes.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func same[T comparable](t *testing.T, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("got %v, not %v", got, want)
	}
}

// call calls the API as a program with every right.
func call(t *testing.T, path string, body object) object {
	t.Helper()
	request := must(http.NewRequestWithContext(within(t), http.MethodPost, issuer+path, encoded(t, body)))(t)
	request.Header.Set("Authorization", "Bearer "+os.Getenv("OIDC_API_KEY"))
	request.Header.Set("Content-Type", "application/json")
	answer := must(http.DefaultClient.Do(request))(t)
	return decoded(t, answer, http.StatusCreated)
}

func encoded(t *testing.T, body object) io.Reader {
	t.Helper()
	return bytes.NewReader(must(json.Marshal(body))(t))
}

func decoded(t *testing.T, answer *http.Response, status int) object {
	t.Helper()
	defer answer.Body.Close()
	text := must(io.ReadAll(answer.Body))(t)
	if answer.StatusCode != status {
		t.Fatalf("%d %s", answer.StatusCode, text)
	}
	var body object
	if err := json.Unmarshal(text, &body); err != nil {
		t.Fatal(err)
	}
	return body
}

// register makes a client, and answers its id and its secret if it has one.
func register(t *testing.T, kind string, members object) (string, string) {
	t.Helper()
	body := object{"name": "Shop", "type": kind}
	if kind == "web" {
		body["first_party"] = true
		body["redirect_uris"] = []string{callback}
		body["post_logout_redirect_uris"] = []string{signedOut}
	}
	for name, value := range members {
		body[name] = value
	}
	made := call(t, "/v1/clients", body)
	secret, _ := made["client_secret"].(string)
	return made["id"].(string), secret
}

// person is somebody with an account, and a browser of their own.
type person struct {
	id, email string
	browser   *http.Client
}

func newPerson(t *testing.T) *person {
	t.Helper()
	email := "jane." + strings.ToLower(rand.Text()) + "@example.com"
	identity := object{"email": email, "email_verified": true, "first_name": "Jane", "last_name": "Doe"}
	made := call(t, "/v1/identities", object{"identity": identity, "initial_password": password})
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	browser := &http.Client{Jar: must(cookiejar.New(nil))(t), CheckRedirect: stay, Timeout: time.Minute}
	return &person{id: made["id"].(string), email: email, browser: browser}
}

// visit answers where a page leads to.
func (p *person) visit(t *testing.T, address string) *url.URL {
	t.Helper()
	where := must(must(url.Parse(issuer))(t).Parse(address))(t)
	answer := must(p.browser.Get(where.String()))(t)
	defer answer.Body.Close()
	same(t, answer.StatusCode, http.StatusSeeOther)
	return must(answer.Location())(t)
}

// authorize follows a client's request, by the sign-in if need be, until it leads back to the client.
func (p *person) authorize(t *testing.T, address string) url.Values {
	t.Helper()
	location := p.visit(t, address)
	if location.Path == "/sign-in" {
		location = p.visit(t, p.signIn(t, location.Query().Get("return_to")))
	}
	if !strings.HasPrefix(location.String(), callback+"?") {
		t.Fatalf("not back to the client, but to %s", location)
	}
	return location.Query()
}

// signIn answers where a sign-in leads to.
func (p *person) signIn(t *testing.T, returnTo string) string {
	t.Helper()
	query := url.Values{"type": {"browser"}, "return_to": {returnTo}}
	opened := must(p.browser.Get(issuer + "/v1/flows/login?" + query.Encode()))(t)
	ui := decoded(t, opened, http.StatusOK)["ui"].(object)
	fields := object{"identifier": p.email, "password": password}
	for _, node := range ui["nodes"].([]any) {
		attributes := node.(object)["attributes"].(object)
		if attributes["name"] == "csrf_token" {
			fields["csrf_token"] = attributes["value"]
		}
	}
	body := encoded(t, object{"method": "password", "body": fields})
	request := must(http.NewRequestWithContext(within(t), http.MethodPost, ui["action"].(string), body))(t)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Origin", issuer)
	done := decoded(t, must(p.browser.Do(request))(t), http.StatusOK)
	return done["redirect_to"].(string)
}

func (p *person) isSignedIn(t *testing.T) bool {
	t.Helper()
	answer := must(p.browser.Get(issuer + "/v1/sessions/whoami"))(t)
	defer answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}
