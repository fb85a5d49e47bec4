// Publish and subscribe over WebSocket, in JSON:
//   {"type":"subscribe","topic":"news"}                 → {"type":"subscribed","topic":"news"}
//   {"type":"publish","topic":"news","payload":…}       → {"type":"event","topic":"news","payload":…} to every subscriber but the sender
// Nothing in it knows siac: it listens on PORT, answers /health over HTTP, and says goodbye when asked to stop.

import { createServer as createHttpServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import { WebSocketServer } from 'ws';

const LARGEST_MESSAGE = 128 * 1024;
const GOING_AWAY = 1001;

function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

export function createServer(welcome = process.env.WELCOME || 'welcome') {
  const topics = new Map();
  const http = createHttpServer((request, response) => {
    const isHealth = request.url === '/health';
    response.writeHead(isHealth ? 200 : 404, { 'content-type': 'application/json' });
    response.end(isHealth ? `${JSON.stringify({ status: 'ok', connections: sockets.clients.size })}\n` : '');
  });
  const sockets = new WebSocketServer({ server: http, maxPayload: LARGEST_MESSAGE });

  const tell = (socket, message) => socket.send(JSON.stringify(message));
  const subscribers = (topic) => topics.get(topic) ?? new Set();
  const answers = {
    subscribe: (socket, { topic }) => {
      topics.set(topic, subscribers(topic).add(socket));
      tell(socket, { type: 'subscribed', topic });
    },
    publish: (socket, { topic, payload }) => {
      for (const other of subscribers(topic)) if (other !== socket) tell(other, { type: 'event', topic, payload });
    },
  };

  sockets.on('connection', (socket) => {
    tell(socket, { type: 'welcome', text: welcome });
    socket.on('message', (data) => {
      const message = parse(data);
      const answer = Object.hasOwn(answers, message?.type) && typeof message.topic === 'string' && answers[message.type];
      if (answer) answer(socket, message);
      else tell(socket, { type: 'error', text: 'a message is {"type":"subscribe"|"publish","topic":"…"}' });
    });
    socket.on('close', () => {
      for (const [topic, members] of topics) if (members.delete(socket) && members.size === 0) topics.delete(topic);
    });
    socket.on('error', () => socket.terminate());
  });

  const close = () => {
    for (const socket of sockets.clients) socket.close(GOING_AWAY, 'the server is stopping');
    sockets.close();
    http.close();
    http.closeIdleConnections();
  };
  return { http, close };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { http, close } = createServer();
  http.listen(Number(process.env.PORT || 3000), process.env.HOST || '127.0.0.1', () => {
    console.log(`listening on ${http.address().port}`);
  });
  process.on('SIGTERM', close);
}
