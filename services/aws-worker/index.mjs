// Works through a queue of events as a Lambda function: what happened is counted in a DynamoDB table, each event once.

import { dynamodb } from './aws.mjs';

/** For how long it is remembered that an event was counted, in seconds: a queue keeps messages for 14 days at most. */
const REMEMBERED = 14 * 24 * 3600;

/** Counts one event; one that was counted already changes nothing. */
async function count(record, { database, env, now }) {
  const event = JSON.parse(record.body);
  const expires = String(Math.floor(now() / 1000) + REMEMBERED);
  const seen = {
    Put: {
      TableName: env.TABLE,
      Item: { id: { S: `event ${event.id}` }, expires: { N: expires } },
      ConditionExpression: 'attribute_not_exists(id)',
    },
  };
  const counted = {
    Update: {
      TableName: env.TABLE,
      Key: { id: { S: `count ${event['detail-type']}` } },
      UpdateExpression: 'ADD events :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
    },
  };
  try {
    await database('TransactWriteItems', { TransactItems: [seen, counted] });
  } catch (error) {
    if (!error.message.includes('ConditionalCheckFailed')) throw error;
  }
}

/** Answers a batch with the messages that could not be worked on, which come again; what it talks to can be replaced by tests. */
export async function answer(batch, world = {}) {
  const whole = { database: dynamodb, env: process.env, now: Date.now, ...world };
  const ended = await Promise.allSettled(batch.Records.map((record) => count(record, whole)));
  const failed = batch.Records.filter((_, at) => ended[at].status === 'rejected');
  ended.filter(({ status }) => status === 'rejected').forEach(({ reason }) => console.error(reason));
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

export const handler = (batch) => answer(batch);
