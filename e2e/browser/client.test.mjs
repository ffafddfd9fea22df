// The TypeScript SDK from nothing: a 401, metadata, registration, PKCE, login and consent in a real browser, a token, a call,
// a 403 answered by a second consent, and a denial that no consent can help.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { buildNotes, startNotes } from './notes.mjs';
import { launch, newPerson } from './person.mjs';

const revision = '2026-07-28';
let built;
let browser;

before(async () => {
  built = buildNotes();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  built?.remove();
});

// What a program must supply to the SDK: storage, and a way to send somebody to a URL.
function provider(person) {
  const store = {};
  return {
    redirectUrl: person.redirectUri,
    clientMetadata: {
      client_name: 'TypeScript end to end',
      redirect_uris: [person.redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => store.client,
    saveClientInformation: (client) => void (store.client = client),
    tokens: () => store.tokens,
    saveTokens: (tokens) => void (store.tokens = tokens),
    saveCodeVerifier: (verifier) => void (store.verifier = verifier),
    codeVerifier: () => store.verifier,
    saveDiscoveryState: (state) => void (store.discovery = state),
    discoveryState: () => store.discovery,
    redirectToAuthorization: (url) => void (store.authorizationUrl = url),
    takeAuthorizationUrl: () => store.authorizationUrl,
  };
}

// fetch, remembering what passed; never a token.
function recorder() {
  const seen = [];
  const recording = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    const response = await fetch(input, init);
    seen.push({
      method: init?.method ?? 'GET',
      path: url.pathname,
      rpc: headers.get('mcp-method'),
      name: headers.get('mcp-name'),
      version: headers.get('mcp-protocol-version'),
      bearer: headers.has('authorization'),
      status: response.status,
      challenge: response.headers.get('www-authenticate') ?? '',
    });
    return response;
  };
  return { seen, fetch: recording, calls: (name) => seen.filter((e) => e.rpc === 'tools/call' && e.name === name) };
}

// An SDK client that has been through its first authorization.
async function connect(notes, person) {
  const wire = recorder();
  const auth = provider(person);
  const options = { authProvider: auth, fetch: wire.fetch };
  const client = new Client({ name: 'TypeScript end to end', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });

  const first = new StreamableHTTPClientTransport(new URL(notes.mcp), options);
  await assert.rejects(client.connect(first), UnauthorizedError);
  const shown = await person.authorize(auth.takeAuthorizationUrl().href);
  await first.finishAuth(shown.params);

  const transport = new StreamableHTTPClientTransport(new URL(notes.mcp), options);
  await client.connect(transport);
  return { client, transport, wire, auth, shown };
}

function expectDiscovery(wire, notes) {
  const [first] = wire.seen;
  assert.equal(first.path, '/mcp');
  assert.equal(first.status, 401);
  assert.doesNotMatch(first.challenge, /error=/);
  assert.ok(first.challenge.includes(`resource_metadata="${notes.origin}/.well-known/oauth-protected-resource/mcp"`), first.challenge);
  assert.match(first.challenge, /scope="notes:read"/);
  for (const [path, status] of [
    ['/.well-known/oauth-protected-resource/mcp', 200],
    ['/.well-known/oauth-authorization-server', 200],
    ['/register', 201],
    ['/token', 200],
  ]) {
    assert.equal(wire.seen.find((e) => e.path === path)?.status, status, path);
  }
}

function expectRevision(wire) {
  for (const e of wire.seen.filter((e) => e.path === '/mcp')) {
    assert.equal(e.version, revision, JSON.stringify(e));
  }
}

function expectAuthorizationRequest(auth, scopes) {
  const query = auth.takeAuthorizationUrl().searchParams;
  assert.equal(query.get('code_challenge_method'), 'S256');
  assert.deepEqual(query.get('scope').split(' ').sort(), scopes);
}

function summary(records) {
  return records.map((r) => [r.subject, r.name, r.decision, r.door ?? 0].join(' '));
}

test('bob reads, then writes by step-up', async (t) => {
  const notes = await startNotes(built);
  t.after(() => notes.stop());
  const bob = await newPerson(browser, 'bob', { viewport: { width: 1280, height: 800 } });
  t.after(() => bob.leave());
  const { client, transport, wire, auth, shown } = await connect(notes, bob);
  t.after(() => client.close());

  expectDiscovery(wire, notes);
  expectAuthorizationRequest(auth, ['notes:read']);
  assert.match(shown.text, /TypeScript end to end/);
  assert.match(shown.text, /127\.0\.0\.1/);
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map((tool) => tool.name).sort(), ['notes_create', 'notes_search']);
  const found = await client.callTool({ name: 'notes_search', arguments: { query: '' } });
  assert.ok(!found.isError);

  const write = { name: 'notes_create', arguments: { text: 'written by the TypeScript client' } };
  await assert.rejects(client.callTool(write), UnauthorizedError);
  const refused = wire.calls('notes_create').at(-1);
  assert.equal(refused.status, 403);
  assert.match(refused.challenge, /error="insufficient_scope"/);
  assert.match(refused.challenge, /scope="notes:write"/);
  expectAuthorizationRequest(auth, ['notes:read', 'notes:write']);

  const again = await bob.authorize(auth.takeAuthorizationUrl().href);
  await transport.finishAuth(again.params);
  const written = await client.callTool(write);
  assert.ok(!written.isError);

  assert.deepEqual(wire.calls('notes_create').map((e) => e.status), [403, 200]);
  assert.equal(bob.rounds(), 2);
  assert.deepEqual(bob.complaints, [], 'the browser complained about a page');
  expectRevision(wire);
  assert.deepEqual(summary(await notes.calls(3)), ['bob notes_search allow 0', 'bob notes_create deny 1', 'bob notes_create allow 0']);
});

test('carol may not delete, and is not sent in circles', async (t) => {
  const notes = await startNotes(built);
  t.after(() => notes.stop());
  const carol = await newPerson(browser, 'carol', { viewport: { width: 390, height: 844 }, colorScheme: 'dark', deviceScaleFactor: 2 });
  t.after(() => carol.leave());
  const { client, wire } = await connect(notes, carol);
  t.after(() => client.close());

  const { tools } = await client.listTools();
  assert.deepEqual(tools.map((tool) => tool.name), ['notes_search']);
  const before = wire.seen.length;
  await assert.rejects(client.callTool({ name: 'notes_delete', arguments: { id: '1' } }), (error) => !(error instanceof UnauthorizedError));
  const sent = wire.seen.slice(before);
  assert.equal(sent.length, 1, `one request and no second try: ${JSON.stringify(sent)}`);
  assert.equal(sent[0].status, 403);
  assert.doesNotMatch(sent[0].challenge, /insufficient_scope|scope=/);
  assert.equal(carol.rounds(), 1, 'nobody is asked to consent again');
  assert.deepEqual(carol.complaints, [], 'the browser complained about a page');
  expectRevision(wire);
  assert.deepEqual(summary(await notes.calls(1)), ['carol notes_delete deny 2']);
});
