// A chat room behind Azure Web PubSub, which keeps the connections and tells of their events by CloudEvents over HTTP.
// Nothing in it knows siac: it listens on PORT, as servers do, and stops when asked.

import { createServer as createHttpServer } from 'node:http';
import { pathToFileURL } from 'node:url';

import { isSigned, sendToGroup, tokens } from './azure.mjs';

/** The group that every connection is in. */
const ROOM = 'room';

/** The largest event that is read, in bytes: Web PubSub takes messages of 1 MB. */
const LARGEST = 1024 * 1024;

const said = (status, body, type = 'application/json') => ({ status, headers: { 'content-type': type }, body });

const events = {
  'azure.webpubsub.sys.connect': async ({ body }) => {
    const { query = {} } = JSON.parse(body);
    const userId = query.name?.[0] || 'guest';
    return said(200, JSON.stringify({ userId, groups: [ROOM] }));
  },

  'azure.webpubsub.user.message': async ({ headers, body }, world) => {
    const message = { from: headers['ce-userid'], text: body, release: world.env.RELEASE ?? 'unknown' };
    await sendToGroup(ROOM, JSON.stringify(message), world);
    return { status: 204 };
  },

  // Nobody waits for the answers to these.
  'azure.webpubsub.sys.connected': async () => ({ status: 204 }),
  'azure.webpubsub.sys.disconnected': async () => ({ status: 204 }),
};

/** Whether its own Web PubSub may deliver events here, which it asks once before the first. */
function allowance({ headers }, { env }) {
  const origins = (headers['webhook-request-origin'] ?? '').split(',').map((origin) => origin.trim());
  const own = new URL(env.WEB_PUBSUB_ENDPOINT).hostname;
  return origins.includes(own) ? { status: 200, headers: { 'webhook-allowed-origin': own } } : { status: 403 };
}

/** Answers a request; what it talks to can be replaced by tests. */
export async function answer(request, world) {
  if (request.path === '/health') return said(200, JSON.stringify({ status: 'ok', release: world.env.RELEASE ?? 'unknown' }));
  if (request.path !== '/events') return { status: 404 };
  if (request.method === 'OPTIONS') return allowance(request, world);
  const { 'ce-type': type, 'ce-connectionid': connection, 'ce-signature': signatures } = request.headers;
  if (!connection || !isSigned(signatures, connection, world.env.WEB_PUBSUB_KEY)) return { status: 401 };
  const event = Object.hasOwn(events, type) && events[type];
  return event ? event(request, world) : { status: 204 };
}

/** Everything that the room talks to. */
export function world(env = process.env, fetch = globalThis.fetch, now = Date.now) {
  return { env, fetch, token: tokens(env, fetch, now) };
}

async function read(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > LARGEST) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** A server that has not begun to listen. */
export function createServer(whole = world()) {
  return createHttpServer(async (request, response) => {
    try {
      const { pathname: path } = new URL(request.url, 'http://room');
      const body = await read(request);
      const { method, headers } = request;
      const reply = body === undefined ? { status: 413 } : await answer({ method, path, headers, body }, whole);
      response.writeHead(reply.status, reply.headers).end(reply.body);
    } catch (error) {
      console.error(error.message);
      response.writeHead(500).end();
    }
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const server = createServer().listen(Number(process.env.PORT || 3000), process.env.HOST || '127.0.0.1', () => {
    console.log(`listening on ${server.address().port}`);
  });
  process.on('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}
