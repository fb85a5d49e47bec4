import assert from 'node:assert';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { createServer } from './server.js';

const { http, close } = createServer('good day');
let base;

before(async () => {
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  base = `127.0.0.1:${http.address().port}`;
});

after(close);

/** A client whose `next()` answers with the next message. */
async function connect() {
  const socket = new WebSocket(`ws://${base}`);
  const messages = [];
  const waiting = [];
  socket.on('message', (data) => {
    const message = JSON.parse(data);
    if (waiting.length > 0) waiting.shift()(message);
    else messages.push(message);
  });
  const next = () => (messages.length > 0 ? messages.shift() : new Promise((resolve) => waiting.push(resolve)));
  const tell = (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  assert.deepEqual(await next(), { type: 'welcome', text: 'good day' });
  return { socket, next, tell };
}

test('is healthy over HTTP', async () => {
  const response = await fetch(`http://${base}/health`);
  assert.deepEqual({ status: response.status, body: await response.json() }, { status: 200, body: { status: 'ok', connections: 0 } });
});

test('carries events to the other subscribers of a topic', async () => {
  const [reader, writer, stranger] = [await connect(), await connect(), await connect()];
  reader.tell({ type: 'subscribe', topic: 'news' });
  stranger.tell({ type: 'subscribe', topic: 'sport' });
  assert.deepEqual(await reader.next(), { type: 'subscribed', topic: 'news' });
  assert.deepEqual(await stranger.next(), { type: 'subscribed', topic: 'sport' });
  writer.tell({ type: 'publish', topic: 'news', payload: { n: 1 } });
  assert.deepEqual(await reader.next(), { type: 'event', topic: 'news', payload: { n: 1 } });
  for (const client of [reader, writer, stranger]) client.socket.close();
});

test('says what is wrong with a message', async () => {
  const client = await connect();
  for (const wrong of ['no json', '{}', '{"type":"constructor","topic":"x"}', '{"type":"publish"}']) {
    client.tell(wrong);
    assert.equal((await client.next()).type, 'error');
  }
  client.socket.close();
});
