// A server with everything that a front must let through. WORD is what it answers with. With FAILING it answers 500, with UNWELL its health
// check fails, and with SICK_AFTER that begins after so many milliseconds.

'use strict';

const { createHash } = require('node:crypto');
const http = require('node:http');

const word = process.env.WORD ?? '';
const open = new Set();
const sickAfter = Number(process.env.SICK_AFTER ?? Infinity);
const isUnwell = () => process.env.UNWELL !== undefined || process.uptime() * 1000 > sickAfter;

const routes = {
  '/': (request, response) => response.writeHead(process.env.FAILING ? 500 : 200).end(`${word} ${process.pid}`),
  '/health': (request, response) => response.writeHead(isUnwell() ? 503 : 200).end(),
  '/headers': (request, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify(request.rawHeaders)),
  '/target': (request, response) => response.end(`${request.method} ${request.url}`),
  '/echo': (request, response) => request.pipe(response),
  '/fail': (request, response) => response.writeHead(500, 'Very Wrong').end('failed'),
  '/break': (request) => request.socket.destroy(),
  '/half': (request, response) => {
    response.writeHead(200, { 'content-length': 10 });
    response.write('half', () => request.socket.destroy());
  },
  '/die': () => process.exit(3),
  '/cors': (request, response) =>
    response.writeHead(200, { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'x-app' }).end('ok'),
  '/trailers': (request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('body');
      response.addTrailers({ 'x-sum': request.trailers['x-in'] ?? 'none' });
      response.end();
    });
  },
  '/slow': (request, response, parameters) => {
    request.resume();
    setTimeout(() => response.end(word), Number(parameters.get('ms')));
  },
  '/stream': (request, response) => {
    // One piece for each that comes in, so that neither side may wait for the whole.
    request.on('data', (piece) => response.write(`<${piece}>`));
    request.on('end', () => response.end());
  },
};

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://here');
  const route = routes[url.pathname] ?? ((_, missing) => missing.writeHead(404).end());
  route(request, response, url.searchParams);
});

server.on('checkContinue', (request, response) => {
  if (request.url === '/refuse') {
    response.writeHead(417).end('refused');
    return;
  }
  response.writeContinue();
  server.emit('request', request, response);
});

// Enough of a WebSocket for a client that only wants its bytes back, after a greeting.
server.on('upgrade', (request, socket, head) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.write(`${word} ${process.pid}\n`);
  socket.write(head);
  socket.pipe(socket);
  socket.on('error', () => {});
  open.add(socket);
  socket.on('close', () => open.delete(socket));
});

server.listen(process.env.PORT, process.env.HOST, () => console.log(`listening as ${word}`));

process.on('SIGTERM', () => {
  server.close();
  for (const socket of open) socket.end('bye\n');
});
