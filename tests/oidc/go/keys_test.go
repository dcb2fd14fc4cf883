package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// key is what a client shows who it is by.
type key struct {
	algorithm jose.SignatureAlgorithm
	private   crypto.Signer
	id        string
}

func keys(t *testing.T) []key {
	t.Helper()
	modulus := must(rsa.GenerateKey(rand.Reader, 2048))(t)
	curve := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	return []key{{jose.ES256, curve, "curve"}, {jose.PS256, modulus, "modulus"}, {jose.RS256, modulus, "modulus"}}
}

// registered is what a client with this key is registered with.
func (k key) registered(t *testing.T) object {
	t.Helper()
	public := jose.JSONWebKey{Key: k.private.Public(), KeyID: k.id, Algorithm: string(k.algorithm), Use: "sig"}
	var set object
	text := must(json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}}))(t)
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	return object{"token_endpoint_auth_method": "private_key_jwt", "jwks": set}
}

func (k key) signer(t *testing.T) jose.Signer {
	t.Helper()
	signs := jose.SigningKey{Algorithm: k.algorithm, Key: jose.JSONWebKey{Key: k.private, KeyID: k.id}}
	return must(jose.NewSigner(signs, (&jose.SignerOptions{}).WithType("JWT")))(t)
}

// assertion says for a minute that the client is this one.
func (k key) assertion(t *testing.T, client string) string {
	t.Helper()
	now := time.Now()
	claims := jwt.Claims{
		Issuer: client, Subject: client, Audience: jwt.Audience{issuer}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Minute)),
	}
	return must(jwt.Signed(k.signer(t)).Claims(claims).Serialize())(t)
}
