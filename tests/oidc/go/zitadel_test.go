package oidc

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/client"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/client/rs"
	httphelper "github.com/zitadel/oidc/v3/pkg/http"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
)

type claims = oidc.IDTokenClaims

// zitadelShop is a relying party, and a server of resources that asks about its tokens.
type zitadelShop struct {
	rp.RelyingParty
	asks rs.ResourceServer
}

func newZitadelShop(t *testing.T, kind string, members object, more ...rp.Option) zitadelShop {
	t.Helper()
	id, secret := register(t, kind, members)
	cookies := httphelper.NewCookieHandler([]byte(rand.Text()[:16]), []byte(rand.Text()[:16]), httphelper.WithUnsecure())
	options := append([]rp.Option{rp.WithPKCE(cookies), rp.WithSigningAlgsFromDiscovery()}, more...)
	wanted := scopes
	if kind == "machine" {
		wanted = nil
	}
	party := must(rp.NewRelyingPartyOIDC(within(t), issuer, id, secret, callback, wanted, options...))(t)
	return zitadelShop{party, must(rs.NewResourceServerClientCredentials(within(t), issuer, id, secret))(t)}
}

func (s zitadelShop) authorize(t *testing.T, jane *person) came {
	t.Helper()
	verifier := oauth2.GenerateVerifier()
	challenge := rp.WithCodeChallenge(oauth2.S256ChallengeFromVerifier(verifier))
	back := jane.authorize(t, rp.AuthURL("the-state", s, challenge))
	same(t, back.Get("state"), "the-state")
	same(t, back.Get("iss"), issuer)
	return came{back.Get("code"), verifier}
}

func (s zitadelShop) redeem(t *testing.T, came came) (*oidc.Tokens[*claims], error) {
	t.Helper()
	return rp.CodeExchange[*claims](within(t), came.code, s, rp.WithCodeVerifier(came.verifier))
}

func (s zitadelShop) tokens(t *testing.T, jane *person) *oidc.Tokens[*claims] {
	t.Helper()
	return must(s.redeem(t, s.authorize(t, jane)))(t)
}

func (s zitadelShop) info(t *testing.T, token, subject string) (*oidc.UserInfo, error) {
	t.Helper()
	return rp.Userinfo[*oidc.UserInfo](within(t), token, "Bearer", subject, s)
}

func (s zitadelShop) introspect(t *testing.T, token string) *oidc.IntrospectionResponse {
	t.Helper()
	return must(rs.Introspect[*oidc.IntrospectionResponse](within(t), s.asks, token))(t)
}

// refusedWith looks for the code in the words of an error: this library has several kinds of them.
func refusedWith(t *testing.T, err error, code string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), code) {
		t.Fatalf("not refused as %s: %v", code, err)
	}
}

func TestZitadel(t *testing.T) {
	// Left to itself the library finds out how to redeem a code, but refreshes and revokes by a secret in the form.
	jane, shop := newPerson(t), newZitadelShop(t, "web", nil, rp.WithAuthStyle(oauth2.AuthStyleInHeader))

	t.Run("a person signs in by the handlers of the library", func(t *testing.T) {
		var got *oidc.Tokens[*claims]
		begin := rp.AuthURLHandler(rand.Text, shop)
		end := rp.CodeExchangeHandler(func(
			_ http.ResponseWriter, _ *http.Request, tokens *oidc.Tokens[*claims], _ string, _ rp.RelyingParty,
		) {
			got = tokens
		}, shop)
		sent := httptest.NewRecorder()
		begin(sent, httptest.NewRequest(http.MethodGet, "/login", nil))
		back := jane.authorize(t, sent.Header().Get("Location"))
		returns := httptest.NewRequest(http.MethodGet, "/callback?"+back.Encode(), nil)
		for _, cookie := range sent.Result().Cookies() {
			returns.AddCookie(cookie)
		}
		answer := httptest.NewRecorder()
		end(answer, returns)
		if got == nil {
			t.Fatalf("%d %s", answer.Code, answer.Body)
		}
		same(t, got.IDTokenClaims.Subject, jane.id)
		same(t, got.IDTokenClaims.Email, jane.email)
	})

	t.Run("userinfo tells the claims of the scopes", func(t *testing.T) {
		told := must(shop.info(t, shop.tokens(t, jane).AccessToken, jane.id))(t)
		same(t, told.Email, jane.email)
		same(t, bool(told.EmailVerified), true)
		same(t, told.GivenName+" "+told.FamilyName, "Jane Doe")
	})

	t.Run("a refresh gives new tokens of the same person", func(t *testing.T) {
		first := shop.tokens(t, jane)
		second := must(rp.RefreshTokens[*claims](within(t), shop, first.RefreshToken, "", ""))(t)
		same(t, second.IDTokenClaims.Subject, jane.id)
		if second.RefreshToken == first.RefreshToken {
			t.Fatal("the refresh token is the old one")
		}
	})

	t.Run("without a word about its way of showing itself it is a client of client_secret_post", func(t *testing.T) {
		plain := newZitadelShop(t, "web", object{"token_endpoint_auth_method": "client_secret_post"})
		tokens := plain.tokens(t, jane)
		tokens = must(rp.RefreshTokens[*claims](within(t), plain, tokens.RefreshToken, "", ""))(t)
		same(t, tokens.IDTokenClaims.Subject, jane.id)
		if err := rp.RevokeToken(within(t), plain, tokens.RefreshToken, "refresh_token"); err != nil {
			t.Fatal(err)
		}
		_, err := rp.RefreshTokens[*claims](within(t), plain, tokens.RefreshToken, "", "")
		refusedWith(t, err, "invalid_grant")
	})

	t.Run("introspection tells of tokens until they are revoked", func(t *testing.T) {
		tokens := shop.tokens(t, jane)
		told := shop.introspect(t, tokens.AccessToken)
		same(t, told.Active, true)
		same(t, told.Subject, jane.id)
		same(t, told.ClientID, shop.OAuthConfig().ClientID)
		same(t, shop.introspect(t, tokens.RefreshToken).Active, true)
		if err := rp.RevokeToken(within(t), shop, tokens.RefreshToken, "refresh_token"); err != nil {
			t.Fatal(err)
		}
		same(t, shop.introspect(t, tokens.RefreshToken).Active, false)
		same(t, shop.introspect(t, tokens.AccessToken).Active, false)
		if _, err := shop.info(t, tokens.AccessToken, jane.id); err == nil {
			t.Fatal("userinfo answers a token that is revoked")
		}
		_, err := rp.RefreshTokens[*claims](within(t), shop, tokens.RefreshToken, "", "")
		refusedWith(t, err, "invalid_grant")
	})

	t.Run("a replayed code is refused and its tokens are dead", func(t *testing.T) {
		came := shop.authorize(t, jane)
		tokens := must(shop.redeem(t, came))(t)
		same(t, shop.introspect(t, tokens.AccessToken).Active, true)
		_, err := shop.redeem(t, came)
		refusedWith(t, err, "invalid_grant")
		same(t, shop.introspect(t, tokens.AccessToken).Active, false)
		same(t, shop.introspect(t, tokens.RefreshToken).Active, false)
	})

	t.Run("a wrong verifier is refused and uses the code up", func(t *testing.T) {
		right := shop.authorize(t, jane)
		_, err := shop.redeem(t, came{right.code, oauth2.GenerateVerifier()})
		refusedWith(t, err, "invalid_grant")
		_, err = shop.redeem(t, right)
		refusedWith(t, err, "invalid_grant")
	})

	t.Run("signing out at the wish of the client ends the session", func(t *testing.T) {
		joe := newPerson(t)
		hint := shop.tokens(t, joe).IDToken
		same(t, joe.isSignedIn(t), true)
		// The library asks by itself where to send the browser.
		where := must(rp.EndSession(within(t), shop, hint, signedOut, "the-state", "", nil))(t)
		same(t, joe.isSignedIn(t), true)
		same(t, joe.visit(t, where.String()).String(), signedOut+"?state=the-state")
		same(t, joe.isSignedIn(t), false)
	})
}

func TestZitadelPrograms(t *testing.T) {
	for method, style := range map[string]oauth2.AuthStyle{
		"client_secret_basic": oauth2.AuthStyleInHeader,
		"client_secret_post":  oauth2.AuthStyleInParams,
	} {
		t.Run("a program gets a token by "+method, func(t *testing.T) {
			program := newZitadelShop(t, "machine", object{"token_endpoint_auth_method": method}, rp.WithAuthStyle(style))
			token := must(rp.ClientCredentials(within(t), program, nil))(t)
			same(t, token.Type(), "Bearer")
			program.OAuthConfig().ClientSecret += "x"
			_, err := rp.ClientCredentials(within(t), program, nil)
			refusedWith(t, err, "invalid_client")
		})
	}

	for _, key := range keys(t) {
		signs := rp.WithJWTProfile(func() (jose.Signer, error) { return key.signer(t), nil })
		inForm := rp.WithAuthStyle(oauth2.AuthStyleInParams)
		shows := func(id string, lives time.Duration) string {
			return must(client.SignedJWTProfileAssertion(id, []string{issuer}, lives, key.signer(t)))(t)
		}

		t.Run("a program gets a token by private_key_jwt with "+string(key.algorithm), func(t *testing.T) {
			program := newZitadelShop(t, "machine", key.registered(t), signs, inForm)
			params := func(lives time.Duration) url.Values {
				said := shows(program.OAuthConfig().ClientID, lives)
				return url.Values{"client_assertion_type": {assertion}, "client_assertion": {said}}
			}
			must(rp.ClientCredentials(within(t), program, params(time.Minute)))(t)
			// Five minutes are the longest that an assertion may live.
			_, err := rp.ClientCredentials(within(t), program, params(time.Hour))
			refusedWith(t, err, "invalid_client")
		})

		t.Run("a person signs in to a client that signs with "+string(key.algorithm), func(t *testing.T) {
			jane, shop := newPerson(t), newZitadelShop(t, "web", key.registered(t), signs, inForm)
			id, came := shop.OAuthConfig().ClientID, shop.authorize(t, jane)
			tokens := must(rp.CodeExchange[*claims](within(t), came.code, shop,
				rp.WithCodeVerifier(came.verifier), rp.WithClientAssertionJWT(shows(id, time.Minute))))(t)
			more := must(rp.RefreshTokens[*claims](within(t), shop, tokens.RefreshToken, shows(id, time.Minute), assertion))(t)
			same(t, more.IDTokenClaims.Subject, jane.id)
		})
	}
}
