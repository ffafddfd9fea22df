// A freshly built and started notes example on a free loopback port.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';

const repository = fileURLToPath(new URL('../..', import.meta.url));

export function buildNotes() {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-browser-'));
  const binary = join(dir, 'notes');
  execFileSync('go', ['build', '-o', binary, './examples/notes'], { cwd: repository, stdio: 'inherit' });
  return { binary, dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function startNotes({ binary, dir }) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const audit = join(dir, `audit-${port}.jsonl`);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SALLYPORT_')));
  Object.assign(env, { SALLYPORT_ADDR: `127.0.0.1:${port}`, SALLYPORT_ADMIN_ADDR: '', SALLYPORT_AUDIT: `file:${audit}` });
  const child = spawn(binary, { cwd: repository, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const ended = new Promise((resolve) => child.once('exit', resolve));

  let up = false;
  for (let tries = 0; tries < 300 && child.exitCode === null && !up; tries++) {
    up = await fetch(`${origin}/.well-known/oauth-protected-resource`).then((r) => r.ok, () => false);
    if (!up) await pause(50);
  }
  if (!up) {
    child.kill('SIGKILL');
    throw new Error(`the notes example does not answer:\n${output}`);
  }
  return {
    origin,
    mcp: `${origin}/mcp`,
    output: () => output,
    // The audit records of tool calls, once there are `want` of them.
    async calls(want) {
      for (let tries = 0; ; tries++) {
        const lines = readFileSync(audit, 'utf8').split('\n').slice(0, -1);
        const calls = lines.map((line) => JSON.parse(line)).filter((record) => record.method === 'tools/call');
        if (calls.length >= want || tries === 40) return calls;
        await pause(50);
      }
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
