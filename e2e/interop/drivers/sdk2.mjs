// The TypeScript SDK 2 (@modelcontextprotocol/client). A program catches UnauthorizedError, sends the code to finishAuth, and repeats the call.
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { listenForTheCode, mode, printed, provider, story, url } from './driver.mjs';

const callback = await listenForTheCode();
const authProvider = provider('TypeScript SDK 2', callback);
// The mode is the SDK's default, a negotiation mode, or the one older revision to offer.
const options = mode === 'default' ? {} : /^\d/.test(mode) ? { supportedProtocolVersions: [mode] } : { versionNegotiation: { mode } };
const client = new Client({ name: 'interop', version: '1.0.0' }, options);
const open = () => new StreamableHTTPClientTransport(new URL(url), { authProvider });

let transport = open();
const afterLogin = async (attempt, reopen) => {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(authProvider.takeArrived());
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
