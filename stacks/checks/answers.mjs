// Ends well once URL answers below 400, within WITHIN seconds; says what it answered otherwise.

const { URL: url, WITHIN = '30' } = process.env;
const end = Date.now() + Number(WITHIN) * 1000;

async function answer() {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    return response.status < 400 ? undefined : `HTTP ${response.status}: ${(await response.text()).slice(0, 200)}`;
  } catch (error) {
    return `${error.message}${error.cause ? `: ${error.cause.message}` : ''}`;
  }
}

let last;
do {
  last = await answer();
  if (last === undefined) process.exit(0);
  await new Promise((resolve) => setTimeout(resolve, 1000));
} while (Date.now() < end);
console.error(`${url} does not answer as it should within ${WITHIN} s; at last: ${last}`);
process.exit(1);
