// What the room asks of Azure, with nothing but Node: whether an event comes from its own Web PubSub, and the sending to a group.

import { createHmac, timingSafeEqual } from 'node:crypto';

/** For whom tokens are that open Web PubSub. */
const AUDIENCE = 'https://webpubsub.azure.com';

/** How long before its end a token is renewed, in milliseconds. */
const EARLY = 5 * 60 * 1000;

/** Whether one of the signatures was made with the key: https://learn.microsoft.com/azure/azure-web-pubsub/reference-cloud-events */
export function isSigned(signatures, connectionId, key) {
  const expected = Buffer.from(`sha256=${createHmac('sha256', key).update(connectionId).digest('hex')}`);
  return (signatures ?? '').split(',').some((text) => {
    const given = Buffer.from(text.trim().toLowerCase());
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

/** Tokens of the app's identity, each kept until shortly before its end. */
export function tokens(env, fetch, now) {
  let kept;
  return async () => {
    if (kept && kept.end - EARLY > now()) return kept.text;
    const query = new URLSearchParams({ 'api-version': '2019-08-01', resource: AUDIENCE });
    if (env.AZURE_CLIENT_ID) query.set('client_id', env.AZURE_CLIENT_ID);
    const headers = { 'x-identity-header': env.IDENTITY_HEADER };
    const response = await fetch(`${env.IDENTITY_ENDPOINT}?${query}`, { headers });
    if (!response.ok) throw new Error(`the identity of the app got no token: HTTP ${response.status}`);
    const { access_token: text, expires_on: end } = await response.json();
    kept = { text, end: Number(end) * 1000 };
    return text;
  };
}

/** Sends a text to everybody in a group of the hub. */
export async function sendToGroup(group, text, { env, fetch, token }) {
  const place = `${env.WEB_PUBSUB_ENDPOINT}/api/hubs/${env.WEB_PUBSUB_HUB}/groups/${group}/:send?api-version=2024-01-01`;
  const headers = { authorization: `Bearer ${await token()}`, 'content-type': 'text/plain' };
  const response = await fetch(place, { method: 'POST', headers, body: text });
  if (!response.ok) throw new Error(`a message was not delivered: HTTP ${response.status}`);
}
