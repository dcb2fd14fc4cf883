package oidc

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// coreosShop is a relying party by go-oidc and x/oauth2, which leave introspection, revocation and signing out to the caller.
type coreosShop struct {
	oauth2.Config
	provider *oidc.Provider
	also     struct {
		Introspection string `json:"introspection_endpoint"`
		Revocation    string `json:"revocation_endpoint"`
		EndSession    string `json:"end_session_endpoint"`
		NamesIssuer   bool   `json:"authorization_response_iss_parameter_supported"`
	}
}

func newCoreosShop(t *testing.T, members object) *coreosShop {
	t.Helper()
	shop := &coreosShop{provider: must(oidc.NewProvider(within(t), issuer))(t)}
	if err := shop.provider.Claims(&shop.also); err != nil {
		t.Fatal(err)
	}
	id, secret := register(t, "web", members)
	shop.Config = oauth2.Config{
		ClientID: id, ClientSecret: secret, Endpoint: shop.provider.Endpoint(), RedirectURL: callback, Scopes: scopes,
	}
	return shop
}

// came is an answer that a person brought back.
type came struct{ code, verifier string }

func (s *coreosShop) authorize(t *testing.T, jane *person) came {
	t.Helper()
	verifier := oauth2.GenerateVerifier()
	address := s.AuthCodeURL("the-state", oidc.Nonce("the-nonce"), oauth2.S256ChallengeOption(verifier))
	back := jane.authorize(t, address)
	same(t, back.Get("state"), "the-state")
	same(t, back.Get("iss"), issuer)
	return came{back.Get("code"), verifier}
}

func (s *coreosShop) redeem(t *testing.T, came came) (*oauth2.Token, error) {
	t.Helper()
	return s.Exchange(within(t), came.code, oauth2.VerifierOption(came.verifier))
}

func (s *coreosShop) tokens(t *testing.T, jane *person) *oauth2.Token {
	t.Helper()
	return must(s.redeem(t, s.authorize(t, jane)))(t)
}

// idToken is the ID token, verified by the published keys.
func (s *coreosShop) idToken(t *testing.T, tokens *oauth2.Token) *oidc.IDToken {
	t.Helper()
	raw, _ := tokens.Extra("id_token").(string)
	verifier := s.provider.Verifier(&oidc.Config{ClientID: s.ClientID})
	read := must(verifier.Verify(within(t), raw))(t)
	if err := read.VerifyAccessToken(tokens.AccessToken); err != nil {
		t.Fatal(err)
	}
	return read
}

func (s *coreosShop) info(t *testing.T, tokens *oauth2.Token) (*oidc.UserInfo, error) {
	t.Helper()
	return s.provider.UserInfo(within(t), oauth2.StaticTokenSource(tokens))
}

// post sends a form as the client itself.
func (s *coreosShop) post(t *testing.T, address, token string) object {
	t.Helper()
	form := strings.NewReader(url.Values{"token": {token}}.Encode())
	request := must(http.NewRequestWithContext(within(t), http.MethodPost, address, form))(t)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(s.ClientID), url.QueryEscape(s.ClientSecret))
	answer := must(http.DefaultClient.Do(request))(t)
	defer answer.Body.Close()
	same(t, answer.StatusCode, http.StatusOK)
	var told object
	if address == s.also.Introspection {
		if err := json.NewDecoder(answer.Body).Decode(&told); err != nil {
			t.Fatal(err)
		}
	}
	return told
}

func (s *coreosShop) isActive(t *testing.T, token string) bool {
	t.Helper()
	return s.post(t, s.also.Introspection, token)["active"].(bool)
}

func refusedAs(t *testing.T, err error, code string) {
	t.Helper()
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.ErrorCode != code {
		t.Fatalf("not refused as %s: %v", code, err)
	}
}

func TestGoOidc(t *testing.T) {
	jane, shop := newPerson(t), newCoreosShop(t, nil)

	t.Run("the metadata say that answers name the issuer", func(t *testing.T) {
		same(t, shop.also.NamesIssuer, true)
	})

	t.Run("a person signs in and the ID token says who it is", func(t *testing.T) {
		tokens := shop.tokens(t, jane)
		same(t, tokens.Type(), "Bearer")
		same(t, tokens.Extra("scope").(string), strings.Join(scopes, " "))
		read := shop.idToken(t, tokens)
		same(t, read.Subject, jane.id)
		same(t, read.Nonce, "the-nonce")
		var claims struct{ Email string }
		if err := read.Claims(&claims); err != nil {
			t.Fatal(err)
		}
		same(t, claims.Email, jane.email)
	})

	t.Run("userinfo tells the claims of the scopes", func(t *testing.T) {
		told := must(shop.info(t, shop.tokens(t, jane)))(t)
		same(t, told.Subject, jane.id)
		same(t, told.Email, jane.email)
		same(t, told.EmailVerified, true)
	})

	t.Run("a refresh gives new tokens of the same person", func(t *testing.T) {
		first := shop.tokens(t, jane)
		second := must(shop.TokenSource(within(t), &oauth2.Token{RefreshToken: first.RefreshToken}).Token())(t)
		if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken {
			t.Fatal("the tokens are the old ones")
		}
		same(t, shop.idToken(t, second).Subject, jane.id)
	})

	t.Run("introspection tells of tokens until they are revoked", func(t *testing.T) {
		tokens := shop.tokens(t, jane)
		told := shop.post(t, shop.also.Introspection, tokens.AccessToken)
		same(t, told["active"].(bool), true)
		same(t, told["sub"].(string), jane.id)
		same(t, shop.isActive(t, tokens.RefreshToken), true)
		shop.post(t, shop.also.Revocation, tokens.RefreshToken)
		same(t, shop.isActive(t, tokens.RefreshToken), false)
		same(t, shop.isActive(t, tokens.AccessToken), false)
		if _, err := shop.info(t, tokens); err == nil {
			t.Fatal("userinfo answers a token that is revoked")
		}
		_, err := shop.TokenSource(within(t), &oauth2.Token{RefreshToken: tokens.RefreshToken}).Token()
		refusedAs(t, err, "invalid_grant")
	})

	t.Run("a replayed code is refused and its tokens are dead", func(t *testing.T) {
		came := shop.authorize(t, jane)
		tokens := must(shop.redeem(t, came))(t)
		same(t, shop.isActive(t, tokens.AccessToken), true)
		_, err := shop.redeem(t, came)
		refusedAs(t, err, "invalid_grant")
		same(t, shop.isActive(t, tokens.AccessToken), false)
		same(t, shop.isActive(t, tokens.RefreshToken), false)
		if _, err := shop.info(t, tokens); err == nil {
			t.Fatal("userinfo answers a token of a replayed code")
		}
	})

	t.Run("a wrong verifier is refused and uses the code up", func(t *testing.T) {
		right := shop.authorize(t, jane)
		_, err := shop.redeem(t, came{right.code, oauth2.GenerateVerifier()})
		refusedAs(t, err, "invalid_grant")
		_, err = shop.redeem(t, right)
		refusedAs(t, err, "invalid_grant")
	})

	t.Run("a client that finds its way of showing itself by trying gets its tokens", func(t *testing.T) {
		other := newCoreosShop(t, object{"token_endpoint_auth_method": "client_secret_post"})
		same(t, other.Endpoint.AuthStyle, oauth2.AuthStyleAutoDetect)
		same(t, other.idToken(t, other.tokens(t, jane)).Subject, jane.id)
	})

	t.Run("signing out at the wish of the client ends the session", func(t *testing.T) {
		joe := newPerson(t)
		hint := shop.tokens(t, joe).Extra("id_token").(string)
		same(t, joe.isSignedIn(t), true)
		ask := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {signedOut}, "state": {"the-state"}}
		same(t, joe.visit(t, shop.also.EndSession+"?"+ask.Encode()).String(), signedOut+"?state=the-state")
		same(t, joe.isSignedIn(t), false)
	})
}

func TestOauth2Programs(t *testing.T) {
	address := must(oidc.NewProvider(within(t), issuer))(t).Endpoint().TokenURL

	for method, style := range map[string]oauth2.AuthStyle{
		"client_secret_basic": oauth2.AuthStyleInHeader,
		"client_secret_post":  oauth2.AuthStyleInParams,
	} {
		t.Run("a program gets a token by "+method, func(t *testing.T) {
			id, secret := register(t, "machine", object{"token_endpoint_auth_method": method})
			program := clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: address, AuthStyle: style}
			token := must(program.Token(within(t)))(t)
			same(t, token.Type(), "Bearer")
			same(t, token.RefreshToken, "")
			program.ClientSecret += "x"
			_, err := program.Token(within(t))
			refusedAs(t, err, "invalid_client")
		})
	}

	for _, key := range keys(t) {
		t.Run("a program gets a token by private_key_jwt with "+string(key.algorithm), func(t *testing.T) {
			id, secret := register(t, "machine", key.registered(t))
			same(t, secret, "")
			program := clientcredentials.Config{
				ClientID: id, TokenURL: address, AuthStyle: oauth2.AuthStyleInParams,
				EndpointParams: url.Values{
					"client_assertion_type": {assertion}, "client_assertion": {key.assertion(t, id)},
				},
			}
			must(program.Token(within(t)))(t)
			// The same assertion is good once.
			_, err := program.Token(within(t))
			refusedAs(t, err, "invalid_client")
		})
	}
}
