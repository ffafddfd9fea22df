// An issuer made of oidc-provider, with three people, two clients and two resources. What it shows at a login are the package's own
// development pages, which take any password: it is for loopback only.
//
//   ISSUER     its URL, http://127.0.0.1:PORT
//   RESOURCE   the resource that accepts its tokens; OTHER is another one
//   SECRET     of the client notes-service
//   KEYS       the file of its private keys
//   SIGN       the keys it publishes, as ID:ALG with commas between; those that the file lacks are made. It signs with the last one.
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { errors, Provider } from 'oidc-provider';

const { ISSUER, RESOURCE, OTHER, SECRET, KEYS, SIGN } = process.env;

const people = {
  alice: { roles: ['admin'], groups: ['staff'] },
  bob: { roles: [], groups: ['editors'] },
  carol: { roles: [], groups: [] },
};

function makeKey(kid, alg) {
  const [type, options] = alg === 'ES256' ? ['ec', { namedCurve: 'P-256' }] : ['rsa', { modulusLength: 2048 }];
  return { ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

function readKeys() {
  const kept = existsSync(KEYS) ? JSON.parse(readFileSync(KEYS, 'utf8')) : [];
  const keys = SIGN.split(',').map((named) => {
    const [kid, alg] = named.split(':');
    return kept.find((key) => key.kid === kid) ?? makeKey(kid, alg);
  });
  writeFileSync(KEYS, JSON.stringify(keys), { mode: 0o600 });
  return keys;
}

const keys = readKeys();
const signing = keys.at(-1);

const provider = new Provider(ISSUER, {
  jwks: { keys },
  cookies: { keys: [SECRET] },
  scopes: ['openid', 'offline_access', 'notes:read', 'notes:write'],
  clients: [
    {
      client_id: 'notes-cli',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['http://127.0.0.1/callback'],
      id_token_signed_response_alg: signing.alg,
    },
    {
      client_id: 'notes-service',
      client_secret: SECRET,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
  ],
  pkce: { required: () => true },
  findAccount: (_ctx, id) => (people[id] ? { accountId: id, claims: () => ({ sub: id }) } : undefined),
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),

  // Who the user is: claims that RFC 9068 section 2.2.3.1 takes from SCIM, and that this package has to be told.
  extraTokenClaims: (_ctx, token) => (token.accountId ? people[token.accountId] : undefined),

  features: {
    clientCredentials: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, resource) => {
        if (resource !== RESOURCE && resource !== OTHER) throw new errors.InvalidTarget();
        return {
          audience: resource,
          scope: 'notes:read notes:write',
          accessTokenFormat: 'jwt', // typ at+jwt
          accessTokenTTL: 300,
          jwt: { sign: { alg: signing.alg, kid: signing.kid } },
        };
      },
    },
  },
});

provider.on('server_error', (_ctx, error) => console.error(error));
provider.listen(Number(new URL(ISSUER).port), '127.0.0.1');
