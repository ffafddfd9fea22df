// What the drivers have in common: the steps, a place for the code to arrive, and somebody at a browser.
import { createServer } from 'node:http';

export const url = process.env.INTEROP_URL;
export const mode = process.env.INTEROP_MODE;

export function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

// Somebody opens an address. It returns once the browser has been sent back to where the client listens.
export async function openInBrowser(address) {
  const response = await fetch(process.env.INTEROP_PERSON, { method: 'POST', body: String(address) });
  if (!response.ok) throw new Error(`at the browser: ${await response.text()}`);
}

// The loopback listener of a program with a person in front of it.
export async function listenForTheCode() {
  const arrivals = [];
  const server = createServer((req, res) => {
    arrivals.push(new URL(req.url, 'http://127.0.0.1').searchParams);
    res.writeHead(200, { 'Content-Type': 'text/plain', Connection: 'close' }).end('You can close this window.');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    redirectUri: `http://127.0.0.1:${server.address().port}/callback`,
    take: () => arrivals.shift(),
    close: () => server.close(),
  };
}

// What the TypeScript SDKs want a program to supply: storage, and a way to send somebody to an address. They go on by themselves to
// redirectToAuthorization and then leave the rest to the program: finish.
export function provider(name, callback, grants = ['authorization_code', 'refresh_token']) {
  const store = {};
  let arrived;
  return {
    redirectUrl: callback.redirectUri,
    clientMetadata: {
      client_name: name,
      redirect_uris: [callback.redirectUri],
      grant_types: grants,
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
    async redirectToAuthorization(address) {
      await openInBrowser(address);
      arrived = callback.take();
    },
    takeArrived: () => arrived,
  };
}

// The story every driver tells. `call` returns a tool result, `seen` says what a person sees of an error.
export async function story({ list, call, seen }) {
  say({ step: 'list', tools: await list() });
  await tell('search', () => call('notes_search', { query: '' }), seen);
  await tell('create', () => call('notes_create', { text: 'written by a client' }), seen);
  await tell('delete', () => call('notes_delete', { id: '1' }), seen);
  await tell('search again', () => call('notes_search', { query: '' }), seen);
}

async function tell(step, run, seen) {
  try {
    const result = await run();
    say({ step, ok: !result.isError, seen: result.content.map((block) => block.text).join('\n') });
  } catch (error) {
    say({ step, ok: false, seen: seen(error) });
  }
}

// What a program that prints an error shows.
export function printed(error) {
  return `${error.name}: ${error.message}`;
}
