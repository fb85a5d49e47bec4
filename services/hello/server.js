'use strict';

// A small REST API: a greeting, a health check, and items kept in memory.
// It listens on PORT, as every service does that siac runs, and stops when asked.

const http = require('node:http');
const { randomUUID } = require('node:crypto');

const LONGEST_BODY = 64 * 1024;

function reply(response, status, body) {
  const text = body === undefined ? '' : `${JSON.stringify(body)}\n`;
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

async function readJson(request) {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) {
    text += chunk;
    if (text.length > LONGEST_BODY) throw Object.assign(new Error('the body is too large'), { status: 413 });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw Object.assign(new Error('the body is not JSON'), { status: 400 });
  }
}

async function readName(request) {
  const name = (await readJson(request))?.name;
  if (typeof name !== 'string' || name === '') throw Object.assign(new Error('an item has a name'), { status: 422 });
  return name;
}

function createServer(greeting = process.env.GREETING || 'hello') {
  const items = new Map();

  const routes = {
    'GET /': (_, response) => reply(response, 200, { greeting, items: items.size }),
    'GET /health': (_, response) => reply(response, 200, { status: 'ok' }),
    'GET /items': (_, response) => reply(response, 200, [...items.values()]),
    'POST /items': async (request, response) => {
      const item = { id: randomUUID(), name: await readName(request) };
      items.set(item.id, item);
      reply(response, 201, item);
    },
    'GET /items/:id': (_, response, id) => {
      const item = items.get(id);
      reply(response, item ? 200 : 404, item ?? { error: 'there is no such item' });
    },
    'PUT /items/:id': async (request, response, id) => {
      const name = await readName(request);
      if (!items.has(id)) return reply(response, 404, { error: 'there is no such item' });
      items.set(id, { id, name });
      reply(response, 200, items.get(id));
    },
    'DELETE /items/:id': (_, response, id) => reply(response, items.delete(id) ? 204 : 404),
  };

  return http.createServer(async (request, response) => {
    const [path] = request.url.split('?');
    const [, id] = path.match(/^\/items\/([^/]+)$/) ?? [];
    const route = routes[`${request.method} ${id ? '/items/:id' : path}`];
    try {
      if (route) await route(request, response, id);
      else reply(response, 404, { error: 'there is no such place' });
    } catch (error) {
      reply(response, error.status ?? 500, { error: error.message });
    }
  });
}

if (require.main === module) {
  const server = createServer();
  server.listen(Number(process.env.PORT || 3000), process.env.HOST || '127.0.0.1', () => {
    console.log(`listening on ${server.address().port}`);
  });
  process.on('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections?.();
  });
}

module.exports = { createServer };
