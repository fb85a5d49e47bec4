// A chat room as a Lambda function behind a WebSocket API: connections are kept in a DynamoDB table, messages go to all of them.

import { dynamodb, send } from './aws.mjs';

/** For how long a connection is remembered, in seconds: API Gateway ends one after two hours. */
const REMEMBERED = 2 * 3600;

const said = (statusCode, body) => ({ statusCode, body: JSON.stringify(body) });

const routes = {
  $connect: async (event, { database, env, now }) => {
    const expires = Math.floor(now() / 1000) + REMEMBERED;
    const entry = { connectionId: { S: event.requestContext.connectionId }, expires: { N: String(expires) } };
    await database('PutItem', { TableName: env.TABLE, Item: entry });
    return said(200, { connected: true });
  },

  $disconnect: async (event, { database, env }) => {
    await forget(event.requestContext.connectionId, { database, env });
    return said(200, { connected: false });
  },

  say: async (event, world) => {
    const { text } = JSON.parse(event.body);
    if (typeof text !== 'string') return said(422, { error: 'a message has a text' });
    const { Items = [] } = await world.database('Scan', { TableName: world.env.TABLE });
    const from = event.requestContext.connectionId;
    const message = JSON.stringify({ from, text, release: world.env.RELEASE ?? 'unknown' });
    await Promise.all(Items.map((entry) => deliver(event, entry.connectionId.S, message, world)));
    return said(200, { delivered: Items.length });
  },

  $default: async () => said(400, { error: 'send {"action":"say","text":"…"}' }),
};

async function forget(connectionId, { database, env }) {
  await database('DeleteItem', { TableName: env.TABLE, Key: { connectionId: { S: connectionId } } });
}

async function deliver(event, connectionId, message, world) {
  const { domainName, stage } = event.requestContext;
  const base = world.env.CALLBACK_URL || `https://${domainName}/${stage}`;
  const url = `${base}/@connections/${encodeURIComponent(connectionId)}`;
  const response = await world.post('execute-api', url, { body: message, env: world.env });
  // Whoever is gone is forgotten.
  if (response.status === 410) await forget(connectionId, world);
  else if (!response.ok) throw new Error(`a message was not delivered: HTTP ${response.status}`);
}

/** Answers an event; what it talks to can be replaced by tests. */
export async function answer(event, world = {}) {
  const whole = { database: dynamodb, post: send, env: process.env, now: Date.now, ...world };
  const route = routes[event.requestContext.routeKey] ?? routes.$default;
  return route(event, whole);
}

export const handler = (event) => answer(event);
