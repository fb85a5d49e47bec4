import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answer } from './index.mjs';

const env = { TABLE: 'counts' };

/** A table in memory that knows the one transaction that the worker makes. */
function table() {
  const seen = new Set();
  const counts = {};
  const database = async (operation, { TransactItems: [{ Put: put }, { Update: update }] }) => {
    assert.equal(operation, 'TransactWriteItems');
    if (seen.has(put.Item.id.S)) throw new Error('TransactionCanceledException [ConditionalCheckFailed, None]');
    seen.add(put.Item.id.S);
    counts[update.Key.id.S] = (counts[update.Key.id.S] ?? 0) + 1;
  };
  return { database, counts };
}

const record = (messageId, body) => ({ messageId, body: typeof body === 'string' ? body : JSON.stringify(body) });

test('each event is counted once, however often it comes', async () => {
  const { database, counts } = table();
  const added = (id) => record(`m${id}`, { id, 'detail-type': 'item added' });
  const answered = await answer({ Records: [added(1), added(2), added(1)] }, { database, env });
  assert.deepEqual(answered, { batchItemFailures: [] });
  assert.deepEqual(counts, { 'count item added': 2 });
});

test('only what failed comes again', async (context) => {
  context.mock.method(console, 'error', () => {});
  const { database, counts } = table();
  const batch = { Records: [record('m1', 'no json'), record('m2', { id: 2, 'detail-type': 'item added' })] };
  assert.deepEqual(await answer(batch, { database, env }), { batchItemFailures: [{ itemIdentifier: 'm1' }] });
  assert.deepEqual(counts, { 'count item added': 1 });
});
