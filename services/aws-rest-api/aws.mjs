// Signed calls of AWS services, with nothing but Node: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html

import { createHash, createHmac } from 'node:crypto';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

/** The headers of a signed request. */
export function signed(service, url, method, body, headers, env, now) {
  const { host, pathname, searchParams } = new URL(url);
  const region = env.AWS_REGION;
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const all = { ...headers, host, 'x-amz-date': time };
  if (env.AWS_SESSION_TOKEN) all['x-amz-security-token'] = env.AWS_SESSION_TOKEN;
  const names = Object.keys(all).sort();
  const path = pathname.split('/').map((part) => encodeURIComponent(decodeURIComponent(part))).join('/');
  const canonical = [
    method,
    // All services but S3 encode the path once more.
    path.split('/').map(encodeURIComponent).join('/'),
    [...searchParams].map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).sort().join('&'),
    ...names.map((name) => `${name}:${all[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const key = [time.slice(0, 8), region, service, 'aws4_request'].reduce(hmac, `AWS4${env.AWS_SECRET_ACCESS_KEY}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex');
  const credential = `${env.AWS_ACCESS_KEY_ID}/${scope}`;
  all.authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  delete all.host;
  return all;
}

/** Sends a signed request and answers with the response. */
export function send(service, url, { method = 'POST', body = '', headers = {}, env = process.env } = {}) {
  return fetch(url, { method, body: body || undefined, headers: signed(service, url, method, body, headers, env, new Date()) });
}

/** Calls a service that speaks JSON. */
async function call(service, target, version, input, env) {
  const url = env.AWS_ENDPOINT_URL || `https://${service}.${env.AWS_REGION}.amazonaws.com`;
  const headers = { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target };
  const response = await send(service, `${url}/`, { body: JSON.stringify(input), headers, env });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${target} was refused: ${answer.__type} ${answer.message ?? answer.Message}`);
  return answer;
}

/** Calls DynamoDB. */
export const dynamodb = (operation, input, env = process.env) =>
  call('dynamodb', `DynamoDB_20120810.${operation}`, '1.0', input, env);

/** Puts one event on a bus. */
export async function publish(bus, source, type, detail, env = process.env) {
  const entry = { EventBusName: bus, Source: source, DetailType: type, Detail: JSON.stringify(detail) };
  const { FailedEntryCount } = await call('events', 'AWSEvents.PutEvents', '1.1', { Entries: [entry] }, env);
  if (FailedEntryCount > 0) throw new Error(`the event bus ${bus} did not take an event`);
}

/** The current value of a secret. */
export async function secret(id, env = process.env) {
  const { SecretString } = await call('secretsmanager', 'secretsmanager.GetSecretValue', '1.1', { SecretId: id }, env);
  return SecretString;
}
