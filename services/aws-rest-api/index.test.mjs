import assert from 'node:assert/strict';
import { test } from 'node:test';

import { signed } from './aws.mjs';
import { answer } from './index.mjs';

const env = { TABLE: 'items', RELEASE: 'r1' };

/** A table in memory. */
function table() {
  const items = new Map();
  return async (operation, input) => {
    assert.equal(input.TableName, 'items');
    if (operation === 'PutItem') items.set(input.Item.id.S, input.Item);
    if (operation === 'GetItem') return { Item: items.get(input.Key.id.S) };
    return { Items: [...items.values()] };
  };
}

test('items are kept', async () => {
  const database = table();
  const made = await answer({ routeKey: 'POST /items', body: '{"name":"one"}' }, { database, env });
  assert.equal(made.statusCode, 201);
  const { id } = JSON.parse(made.body);
  const found = await answer({ routeKey: 'GET /items/{id}', pathParameters: { id } }, { database, env });
  assert.deepEqual(JSON.parse(found.body), { id, name: 'one' });
  const all = await answer({ routeKey: 'GET /items' }, { database, env });
  assert.equal(JSON.parse(all.body).items.length, 1);
});

test('what is no item is refused', async () => {
  for (const body of ['{"name":""}', 'no json', undefined]) {
    const refused = await answer({ routeKey: 'POST /items', body }, { database: table(), env });
    assert.equal(refused.statusCode, 422);
  }
  const absent = await answer({ routeKey: 'GET /items/{id}', pathParameters: { id: 'x' } }, { database: table(), env });
  assert.equal(absent.statusCode, 404);
});

test('items are added by whoever shows the token, and told as events', async () => {
  const told = [];
  const world = {
    database: table(),
    events: async (...event) => told.push(event),
    token: async (id) => `of ${id}`,
    env: { ...env, BUS: 'bus', TOKEN_SECRET: 'secret' },
  };
  const add = (authorization) => answer({ routeKey: 'POST /items', headers: { authorization }, body: '{"name":"one"}' }, world);
  assert.equal((await add('Bearer of secrets')).statusCode, 401);
  assert.equal((await add(undefined)).statusCode, 401);
  assert.deepEqual(told, []);
  const made = await add('Bearer of secret');
  assert.equal(made.statusCode, 201);
  assert.deepEqual(told, [['bus', 'items', 'item added', JSON.parse(made.body)]]);
});

test('the health check names the release', async () => {
  const { body } = await answer({ routeKey: 'GET /health' }, { database: table(), env });
  assert.deepEqual(JSON.parse(body), { status: 'ok', release: 'r1' });
});

test('requests are signed as AWS documents it', () => {
  // The example "get-vanilla" of AWS's Signature Version 4 test suite.
  const keys = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  };
  const time = new Date(Date.UTC(2015, 7, 30, 12, 36, 0));
  const { authorization } = signed('service', 'https://example.amazonaws.com/', 'GET', '', {}, keys, time);
  assert.ok(authorization.endsWith('Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'), authorization);
});
