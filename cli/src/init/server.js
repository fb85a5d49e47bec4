'use strict';

// A greeting and a health check. It listens on PORT, and stops when asked.

const http = require('node:http');

const greeting = process.env.GREETING || 'hello';

const server = http.createServer((request, response) => {
  const healthy = request.url === '/health';
  const body = JSON.stringify(healthy ? { status: 'ok' } : { greeting });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(`${body}\n`);
});

server.listen(Number(process.env.PORT || 3000), process.env.HOST || '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`);
});

process.on('SIGTERM', () => server.close(() => process.exit(0)));
