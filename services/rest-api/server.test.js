'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { after, before, test } = require('node:test');
const { createApp } = require('./server.js');

let server;
let base;

before(async () => {
  server = createApp('good day').listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${server.address().port}`;
});

after(() => server.close());

async function ask(method, path, body) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

test('greets and is healthy', async () => {
  assert.deepEqual(await ask('GET', '/'), { status: 200, body: { greeting: 'good day', notes: 0 } });
  assert.deepEqual(await ask('GET', '/health'), { status: 200, body: { status: 'ok' } });
});

test('keeps, lists and drops notes', async () => {
  const made = await ask('POST', '/notes', { text: 'buy oil' });
  assert.equal(made.status, 201);
  assert.deepEqual((await ask('GET', '/notes')).body, [made.body]);
  assert.equal((await ask('DELETE', `/notes/${made.body.id}`)).status, 204);
  assert.equal((await ask('DELETE', `/notes/${made.body.id}`)).status, 404);
  assert.deepEqual((await ask('GET', '/notes')).body, []);
});

test('says what is wrong with a request', async () => {
  assert.equal((await ask('POST', '/notes', {})).status, 422);
  assert.equal((await ask('POST', '/notes', { text: 'x'.repeat(70_000) })).status, 413);
  assert.equal((await ask('GET', '/nowhere')).status, 404);
});
