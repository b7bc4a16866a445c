// SPDX-License-Identifier: Apache-2.0
// An OpenID Connect provider for the tests: whoever signs in is who they say, with the roles that
// OIDC_ROLES gives to their name.
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const roles = JSON.parse(process.env.OIDC_ROLES);
const issuer = `http://127.0.0.1:${process.env.OIDC_PORT}`;

function key(type, options, more) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: "jwk" }), use: "sig", ...more };
}

const provider = new Provider(issuer, {
  clients: [{
    client_id: "lienthong",
    client_secret: process.env.OIDC_SECRET || undefined,
    token_endpoint_auth_method: process.env.OIDC_METHOD,
    id_token_signed_response_alg: process.env.OIDC_ALGORITHM,
    redirect_uris: [process.env.OIDC_REDIRECT],
    response_types: ["code"],
    grant_types: ["authorization_code"],
  }],
  clientAuthMethods: [process.env.OIDC_METHOD],
  jwks: {
    keys: [
      key("rsa", { modulusLength: 2048 }, { kid: "rsa", alg: "RS256" }),
      key("ec", { namedCurve: "P-256" }, { kid: "ec", alg: "ES256" }),
    ],
  },
  enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256"] },
  conformIdTokenClaims: false,
  claims: { openid: ["sub", "roles"], profile: ["name"] },
  pkce: { required: () => true },
  cookies: { keys: ["of the tests"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `Tên của ${id}`, roles: roles[id] }),
  }),
});

provider.listen(process.env.OIDC_PORT, "127.0.0.1");
