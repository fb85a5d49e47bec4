// A REST API as a Lambda function behind an HTTP API (payload format 2.0): a health check, and items kept in a DynamoDB table.

import { randomUUID } from 'node:crypto';

import { dynamodb } from './aws.mjs';

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

  'POST /items': async (event, { database, env }) => {
    const name = nameIn(event);
    if (name === undefined) return reply(422, { error: `an item has a name of at most ${LONGEST_NAME} characters` });
    const stored = { id: { S: randomUUID() }, name: { S: name } };
    await database('PutItem', { TableName: env.TABLE, Item: stored });
    return reply(201, item(stored));
  },

  'GET /items/{id}': async (event, { database, env }) => {
    const { Item } = await database('GetItem', { TableName: env.TABLE, Key: { id: { S: event.pathParameters.id } } });
    return Item ? reply(200, item(Item)) : reply(404, { error: 'there is no such item' });
  },
};

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
export async function answer(event, { database = dynamodb, env = process.env } = {}) {
  const route = routes[event.routeKey];
  return route ? route(event, { database, env }) : reply(404, { error: 'there is no such route' });
}

export const handler = (event) => answer(event);
