package oidc

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// television is a client of golang.org/x/oauth2 on a device without a browser.
func television(t *testing.T) *oauth2.Config {
	t.Helper()
	id, _ := register(t, "device", nil)
	endpoint := must(oidc.NewProvider(within(t), issuer))(t).Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInParams
	return &oauth2.Config{ClientID: id, Endpoint: endpoint, Scopes: []string{"openid", "email", "offline_access"}}
}

var token = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)

// answerDevice says yes or no to a device.
func (p *person) answerDevice(t *testing.T, codes *oauth2.DeviceAuthResponse, decision string) {
	t.Helper()
	p.signIn(t, p.visit(t, codes.VerificationURIComplete).Query().Get("return_to"))
	page := must(p.browser.Get(codes.VerificationURIComplete))(t)
	defer page.Body.Close()
	text := string(must(io.ReadAll(page.Body))(t))
	form := url.Values{
		"csrf_token": {token.FindStringSubmatch(text)[1]}, "user_code": {codes.UserCode}, "decision": {decision},
		"scope": {"email", "offline_access"},
	}
	request := must(http.NewRequestWithContext(within(t), http.MethodPost, issuer+"/device/confirm", strings.NewReader(form.Encode())))(t)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", issuer)
	done := must(p.browser.Do(request))(t)
	done.Body.Close()
	same(t, done.StatusCode, http.StatusSeeOther)
}

func TestADeviceGetsTokensOnceItsPersonSaidYes(t *testing.T) {
	tv, jane := television(t), newPerson(t)
	codes := must(tv.DeviceAuth(within(t)))(t)
	same(t, codes.VerificationURI, issuer+"/device")
	jane.answerDevice(t, codes, "accept")
	tokens := must(tv.DeviceAccessToken(within(t), codes))(t)
	verifier := must(oidc.NewProvider(within(t), issuer))(t).Verifier(&oidc.Config{ClientID: tv.ClientID})
	id := must(verifier.Verify(within(t), tokens.Extra("id_token").(string)))(t)
	same(t, id.Subject, jane.id)
	if tokens.RefreshToken == "" {
		t.Fatal("no refresh token")
	}
}

func TestADeviceIsToldThatItsPersonSaidNo(t *testing.T) {
	tv, jane := television(t), newPerson(t)
	codes := must(tv.DeviceAuth(within(t)))(t)
	jane.answerDevice(t, codes, "deny")
	_, err := tv.DeviceAccessToken(within(t), codes)
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	same(t, refused.ErrorCode, "access_denied")
}
