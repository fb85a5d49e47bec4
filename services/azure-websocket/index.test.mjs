import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';

import { answer, createServer, world } from './index.mjs';

const env = {
  IDENTITY_ENDPOINT: 'http://identity/token',
  IDENTITY_HEADER: 'of-the-app',
  RELEASE: 'r1',
  WEB_PUBSUB_ENDPOINT: 'https://front.webpubsub.azure.com',
  WEB_PUBSUB_HUB: 'events',
  WEB_PUBSUB_KEY: 'a key',
};

/** A world whose identity gives tokens and whose Web PubSub takes messages. */
function room(now = () => 0) {
  const asked = [];
  const fetch = async (url, options) => {
    asked.push([url, options]);
    const body = { access_token: `token ${asked.length}`, expires_on: '3600' };
    return { ok: true, status: 202, json: async () => body };
  };
  return { asked, world: world(env, fetch, now) };
}

function event(type, body, headers = {}) {
  const signature = `sha256=00, sha256=${createHmac('sha256', env.WEB_PUBSUB_KEY).update('c1').digest('hex')}`;
  const own = { 'ce-type': type, 'ce-connectionid': 'c1', 'ce-signature': signature, 'ce-userid': 'ann', ...headers };
  return { method: 'POST', path: '/events', headers: own, body };
}

test('its own Web PubSub may deliver events, and nobody else', async () => {
  const ask = (origin) => answer({ method: 'OPTIONS', path: '/events', headers: { 'webhook-request-origin': origin } }, room().world);
  const allowed = await ask('front.webpubsub.azure.com');
  assert.deepEqual(allowed, { status: 200, headers: { 'webhook-allowed-origin': 'front.webpubsub.azure.com' } });
  assert.equal((await ask('other.webpubsub.azure.com')).status, 403);
});

test('who connects is in the room under a name', async () => {
  const { world } = room();
  const connect = (query) => answer(event('azure.webpubsub.sys.connect', JSON.stringify({ query })), world);
  assert.deepEqual(JSON.parse((await connect({ name: ['ann'] })).body), { userId: 'ann', groups: ['room'] });
  assert.deepEqual(JSON.parse((await connect({})).body), { userId: 'guest', groups: ['room'] });
});

test('what one says is sent to the room by the identity of the app', async () => {
  const { world, asked } = room();
  assert.equal((await answer(event('azure.webpubsub.user.message', 'hello'), world)).status, 204);
  const [[tokenUrl, { headers: identity }], [url, { method, headers, body }]] = asked;
  assert.equal(new URL(tokenUrl).searchParams.get('resource'), 'https://webpubsub.azure.com');
  assert.equal(identity['x-identity-header'], 'of-the-app');
  assert.equal(url, 'https://front.webpubsub.azure.com/api/hubs/events/groups/room/:send?api-version=2024-01-01');
  assert.deepEqual([method, headers.authorization], ['POST', 'Bearer token 1']);
  assert.deepEqual(JSON.parse(body), { from: 'ann', text: 'hello', release: 'r1' });
});

test('a token is kept until shortly before its end', async () => {
  let time = 0;
  const { world, asked } = room(() => time);
  const say = () => answer(event('azure.webpubsub.user.message', 'hello'), world);
  await say();
  await say();
  assert.equal(asked.length, 3);
  time = 3600 * 1000 - 60 * 1000;
  await say();
  assert.equal(asked.length, 5);
});

test('what is not signed with the key is refused', async () => {
  const { world } = room();
  const forged = event('azure.webpubsub.sys.connect', '{}', { 'ce-signature': 'sha256=00' });
  assert.equal((await answer(forged, world)).status, 401);
  assert.equal((await answer(event('azure.webpubsub.sys.connect', '{}', { 'ce-connectionid': 'c2' }), world)).status, 401);
  assert.equal((await answer(event('azure.webpubsub.sys.connect', '{}', { 'ce-signature': undefined }), world)).status, 401);
});

test('it serves over HTTP', async (context) => {
  const server = createServer(room().world).listen(0, '127.0.0.1');
  context.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  assert.deepEqual(await (await fetch(`${base}/health`)).json(), { status: 'ok', release: 'r1' });
  assert.equal((await fetch(`${base}/nowhere`)).status, 404);
  const broken = await fetch(`${base}/events`, event('azure.webpubsub.sys.connect', 'no json'));
  assert.equal(broken.status, 500);
});
