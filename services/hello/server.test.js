'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { after, before, test } = require('node:test');
const { createServer } = require('./server.js');

const server = createServer('good day');
let base;

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${server.address().port}`;
});

after(() => server.close());

async function ask(method, path, body) {
  const response = await fetch(base + path, { method, body });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

test('greets and is healthy', async () => {
  assert.deepEqual(await ask('GET', '/'), { status: 200, body: { greeting: 'good day', items: 0 } });
  assert.deepEqual(await ask('GET', '/health'), { status: 200, body: { status: 'ok' } });
});

test('keeps, lists, renames and drops items', async () => {
  const made = await ask('POST', '/items', JSON.stringify({ name: 'lamp' }));
  assert.equal(made.status, 201);
  assert.deepEqual((await ask('GET', '/items')).body, [made.body]);
  assert.deepEqual((await ask('GET', `/items/${made.body.id}`)).body, made.body);
  const renamed = await ask('PUT', `/items/${made.body.id}`, JSON.stringify({ name: 'candle' }));
  assert.deepEqual(renamed, { status: 200, body: { id: made.body.id, name: 'candle' } });
  assert.equal((await ask('DELETE', `/items/${made.body.id}`)).status, 204);
  assert.equal((await ask('GET', `/items/${made.body.id}`)).status, 404);
});

test('says what is wrong with a request', async () => {
  assert.equal((await ask('POST', '/items', 'no json')).status, 400);
  assert.equal((await ask('POST', '/items', '{}')).status, 422);
  assert.equal((await ask('POST', '/items', 'null')).status, 422);
  assert.equal((await ask('PUT', '/items/none', '{"name":"x"}')).status, 404);
  assert.equal((await ask('POST', '/items', JSON.stringify({ name: 'x'.repeat(70_000) }))).status, 413);
  assert.equal((await ask('GET', '/nowhere')).status, 404);
  assert.equal((await ask('GET', '//')).status, 404);
});
