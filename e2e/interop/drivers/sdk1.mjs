// The TypeScript SDK 1 (@modelcontextprotocol/sdk). A program catches UnauthorizedError, sends the code to finishAuth, and repeats the call.
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { listenForTheCode, mode, printed, provider, story, url } from './driver.mjs';

const callback = await listenForTheCode();
const grants = mode === 'no-refresh' ? ['authorization_code'] : undefined;
const authProvider = provider('TypeScript SDK 1', callback, grants);
const client = new Client({ name: 'interop', version: '1.0.0' });
const open = () => new StreamableHTTPClientTransport(new URL(url), { authProvider });

let transport = open();
const afterLogin = async (attempt, reopen) => {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(authProvider.takeArrived().get('code'));
    if (reopen) transport = open();
    return attempt();
  }
};

await afterLogin(() => client.connect(transport), true);
await story({
  list: async () => (await client.listTools()).tools.map((tool) => tool.name),
  call: (name, args) => afterLogin(() => client.callTool({ name, arguments: args })),
  seen: printed,
});
await client.close();
callback.close();
