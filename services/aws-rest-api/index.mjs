// A REST API as a Lambda function behind an HTTP API (payload format 2.0): a health check, and items kept in a DynamoDB table.
//
// With BUS, each new item is an event on that bus. With TOKEN_SECRET, the id of a secret, only who shows that token may add items.

import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';

import { dynamodb, publish, secret } from './aws.mjs';

const LONGEST_NAME = 256;

const reply = (statusCode, body) => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: body === undefined ? '' : JSON.stringify(body),
});

const item = (stored) => ({ id: stored.id.S, name: stored.name.S });

const routes = {
  'GET /health': async (_, { env }) => reply(200, { status: 'ok', release: env.RELEASE ?? 'unknown' }),

  'GET /items': async (_, { database, env }) => {
    const { Items = [] } = await database('Scan', { TableName: env.TABLE, Limit: 100 });
    return reply(200, { items: Items.map(item) });
  },

  'POST /items': async (event, { database, events, token, env }) => {
    if (env.TOKEN_SECRET && !isSame(event.headers?.authorization, `Bearer ${await token(env.TOKEN_SECRET)}`)) {
      return reply(401, { error: 'send the token: `authorization: Bearer …`' });
    }
    const name = nameIn(event);
    if (name === undefined) return reply(422, { error: `an item has a name of at most ${LONGEST_NAME} characters` });
    const stored = { id: { S: randomUUID() }, name: { S: name } };
    await database('PutItem', { TableName: env.TABLE, Item: stored });
    if (env.BUS) await events(env.BUS, 'items', 'item added', item(stored));
    return reply(201, item(stored));
  },

  'GET /items/{id}': async (event, { database, env }) => {
    const { Item } = await database('GetItem', { TableName: env.TABLE, Key: { id: { S: event.pathParameters.id } } });
    return Item ? reply(200, item(Item)) : reply(404, { error: 'there is no such item' });
  },
};

// The same check under another path, which a release answers before it goes live.
routes['GET /next/health'] = routes['GET /health'];

/** Whether two texts are the same, found out in a time that does not tell how much of them is. */
function isSame(one = '', other = '') {
  const digest = (text) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

let known;

/** The token, asked for once in the life of a worker. */
const remembered = async (id) => (known ??= await secret(id));

function nameIn(event) {
  const text = event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64').toString() : event.body;
  try {
    const { name } = JSON.parse(text);
    return typeof name === 'string' && name !== '' && name.length <= LONGEST_NAME ? name : undefined;
  } catch {
    return undefined;
  }
}

/** Answers an event; what it talks to can be replaced by tests. */
export async function answer(event, world = {}) {
  const whole = { database: dynamodb, events: publish, token: remembered, env: process.env, ...world };
  const route = routes[event.routeKey];
  return route ? route(event, whole) : reply(404, { error: 'there is no such route' });
}

export const handler = (event) => answer(event);
