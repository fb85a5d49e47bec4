'use strict';

// A small REST API on Express: a greeting, a health check, and notes kept in memory.
// Nothing in it knows siac: it listens on PORT, as servers do, and stops when asked.

const { randomUUID } = require('node:crypto');
const express = require('express');

function createApp(greeting = process.env.GREETING || 'hello') {
  const notes = new Map();
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json({ limit: '64kb' }));

  app.get('/', (_, response) => response.json({ greeting, notes: notes.size }));
  app.get('/health', (_, response) => response.json({ status: 'ok' }));
  app.get('/notes', (_, response) => response.json([...notes.values()]));

  app.post('/notes', (request, response) => {
    const text = request.body?.text;
    if (typeof text !== 'string' || text === '') return response.status(422).json({ error: 'a note has a text' });
    const note = { id: randomUUID(), text };
    notes.set(note.id, note);
    response.status(201).json(note);
  });

  app.delete('/notes/:id', (request, response) => {
    response.sendStatus(notes.delete(request.params.id) ? 204 : 404);
  });

  app.use((error, _request, response, _next) => response.status(error.status ?? 500).json({ error: error.message }));
  return app;
}

if (require.main === module) {
  const server = createApp().listen(Number(process.env.PORT || 3000), process.env.HOST || '127.0.0.1', () => {
    console.log(`listening on ${server.address().port}`);
  });
  process.on('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}

module.exports = { createApp };
