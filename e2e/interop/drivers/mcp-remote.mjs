// mcp-remote, started over standard input and output by a host of revision 2025-11-25 (the TypeScript SDK 1), as desktop programs do.
// It opens the browser itself. What its person sees are the errors the host gets, and its log on standard error.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { fileURLToPath } from 'node:url';
import { mode, printed, say, story, url } from './driver.mjs';

const transport = new StdioClientTransport({
  command: process.execPath,
  args: [fileURLToPath(new URL('../node_modules/mcp-remote/dist/proxy.js', import.meta.url)), url, '--protocol', mode],
  env: process.env,
  stderr: 'pipe',
});
let log = '';
transport.stderr.on('data', (chunk) => (log += chunk));
const client = new Client({ name: 'interop', version: '1.0.0' });
await client.connect(transport);
await story({
  list: async () => (await client.listTools()).tools.map((tool) => tool.name),
  call: (name, args) => client.callTool({ name, arguments: args }),
  seen: printed,
});
await client.close();
say({ step: 'log', seen: log });
