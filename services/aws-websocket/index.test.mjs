import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answer } from './index.mjs';

/** A room in memory: who is in it, and what was delivered. */
function room(gone = []) {
  const table = new Map();
  const delivered = [];
  const database = async (operation, input) => {
    if (operation === 'PutItem') table.set(input.Item.connectionId.S, input.Item);
    if (operation === 'DeleteItem') table.delete(input.Key.connectionId.S);
    return { Items: [...table.values()] };
  };
  const post = async (service, url, { body }) => {
    const to = decodeURIComponent(url.split('/').pop());
    if (gone.includes(to)) return { ok: false, status: 410 };
    delivered.push([service, to, JSON.parse(body)]);
    return { ok: true, status: 200 };
  };
  return { table, delivered, world: { database, post, env: { TABLE: 't', RELEASE: 'r1' }, now: () => 1000 } };
}

const event = (routeKey, connectionId, body) => ({
  requestContext: { routeKey, connectionId, domainName: 'api.example', stage: 'live' },
  body: body && JSON.stringify(body),
});

test('what one says, all hear', async () => {
  const { world, delivered, table } = room();
  await answer(event('$connect', 'a='), world);
  await answer(event('$connect', 'b='), world);
  assert.equal(table.get('a=').expires.N, '7201');
  const { body } = await answer(event('say', 'a=', { action: 'say', text: 'hello' }), world);
  assert.deepEqual(JSON.parse(body), { delivered: 2 });
  const message = { from: 'a=', text: 'hello', release: 'r1' };
  assert.deepEqual(delivered, [['execute-api', 'a=', message], ['execute-api', 'b=', message]]);
});

test('whoever is gone is forgotten', async () => {
  const { world, table } = room(['b=']);
  await answer(event('$connect', 'a='), world);
  await answer(event('$connect', 'b='), world);
  await answer(event('say', 'a=', { action: 'say', text: 'hello' }), world);
  assert.deepEqual([...table.keys()], ['a=']);
  await answer(event('$disconnect', 'a='), world);
  assert.equal(table.size, 0);
});

test('what is no message is refused', async () => {
  const { world } = room();
  assert.equal((await answer(event('say', 'a=', { action: 'say' }), world)).statusCode, 422);
  assert.equal((await answer(event('$default', 'a=', 'what?'), world)).statusCode, 400);
});
