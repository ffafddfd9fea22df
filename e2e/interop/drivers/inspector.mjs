// MCP Inspector in its command-line mode: one process for each step, its own login, and tokens kept in its own store between them.
// What a person sees is what it writes to the terminal.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { mode, say, url } from './driver.mjs';

const launcher = fileURLToPath(new URL('../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js', import.meta.url));

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// The mode is a protocol era, and perhaps ",no-refresh": the setting of a server entry that asks for no refresh token.
const [era, noRefresh] = mode.split(',');
const entries = join(process.env.HOME, 'servers.json');
const server = noRefresh ? ['--config', entries, '--server', 'notes'] : ['--server-url', url, '--transport', 'http'];
if (noRefresh) {
  const notes = { type: 'streamable-http', url, oauth: { requestRefreshToken: false } };
  writeFileSync(entries, JSON.stringify({ mcpServers: { notes } }));
}

const callback = `http://127.0.0.1:${await freePort()}/oauth/callback`;

// One command. Somebody at a terminal answers y to whatever it asks.
async function inspect(...args) {
  const child = spawn(process.execPath, [launcher, '--cli', ...server, '--protocol-era', era, '--callback-url', callback, ...args], {
    env: { ...process.env, MCP_AUTO_OPEN_ENABLED: 'true' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  child.stdin.on('error', () => {}); // it may end without asking
  child.stdin.end('y\n');
  const code = await new Promise((resolve) => child.once('close', resolve));
  // Its own notices are about where it keeps its secrets on this machine, not about the server.
  return { code, out, err: err.replace(/^\[mcp-inspector\].*\n/gm, '') };
}

async function call(step, tool, ...args) {
  const { code, out, err } = await inspect('--method', 'tools/call', '--tool-name', tool, ...args);
  const ok = code === 0 && !JSON.parse(out).isError;
  say({ step, ok, seen: ok ? JSON.parse(out).content.map((block) => block.text).join('\n') : `${err}${out}`.trim(), log: ok ? err : '' });
}

const listed = await inspect('--method', 'tools/list');
if (listed.code !== 0) {
  say({ step: 'list', ok: false, seen: `${listed.err}${listed.out}`.trim() });
} else {
  say({ step: 'list', tools: JSON.parse(listed.out).tools.map((tool) => tool.name) });
}
await call('search', 'notes_search', '--tool-arg', 'query=oat');
await call('create', 'notes_create', '--tool-arg', 'text=written by a client');
await call('delete', 'notes_delete', '--tool-arg', 'id="1"');
await call('search again', 'notes_search', '--tool-arg', 'query=oat');

// What the list does not show it does not call, so the deletion is never sent. A resource it reads without looking.
const read = () => inspect('--method', 'resources/read', '--uri', 'note://1');
const before = await read();
say({ step: 'read', ok: before.code === 0, seen: before.err });
const denied = await fetch(process.env.INTEROP_DENY, { method: 'POST' });
if (!denied.ok) throw new Error(`bob still has his right: ${await denied.text()}`);
const after = await read();
say({ step: 'denied read', ok: after.code === 0, seen: `${after.err}${after.out}`.trim() });
